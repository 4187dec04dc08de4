import type { HostWords } from '../words.ts';

export const de: HostWords = {
  title: 'Host',
  key: 'Host-Schlüssel',
  keyHelp:
    'Öffne den Link zur Host-Seite, den das Relay beim Start ausgegeben hat, oder gib den Host-Schlüssel an seinem Ende ein.',
  badKey: 'Das ist nicht der Host-Schlüssel dieses Relays.',
  keyWait: 'Zu viele falsche Schlüssel. In {seconds} s geht es wieder.',
  enter: 'Host-Seite öffnen',
  away: 'Das Relay antwortet nicht. Diese Seite versucht es weiter.',
  rooms: 'Räume',
  newRoom: 'Name eines neuen Raums',
  create: 'Anlegen',
  badName: 'Der Name eines Raums besteht aus a bis z, 0 bis 9 und Bindestrichen.',
  inside: '{count} im Raum',
  empty: 'Niemand ist in diesem Raum.',
  host: 'Host',
  open: 'Das Relay wurde so gestartet, dass jeder herein darf, der es findet.',
  newInvite: 'Neue Einladung',
  newInviteAsk: 'Neue Einladung für {name}?',
  newInviteHelp: 'Link, Code und PIN von bisher gelten dann nicht mehr. Wer im Raum ist, bleibt.',
  lock: 'Raum abschließen',
  lockHelp: 'Niemand kommt mehr herein; wer im Raum ist, bleibt.',
  mute: 'Stummschalten',
  muteOne: '{name} stummschalten',
  muteAll: 'Alle stummschalten',
  remove: 'Entfernen',
  removeOne: '{name} entfernen',
  removeAsk: '{name} entfernen?',
  removeHelp:
    'Wer entfernt wird, ist sofort draußen. Mit Link oder PIN geht es wieder herein: Mach eine neue Einladung, wenn das nicht sein soll.',
  end: 'Raum beenden',
  endAsk: '{name} für alle beenden?',
  endHelp: 'Alle sind draußen; Link, Code und PIN sind neu.',
  cancel: 'Abbrechen',
  nobody: 'Ein Handy kommt nicht herein?',
  nobodyLink:
    'Im Code steht die Adresse dieser Seite. Es muss eine sein, die das Handy erreicht: die des Relays in dem WLAN, in dem das Handy ist.',
  nobodyIsolated:
    'Ist das Handy im selben WLAN und die Seite kommt trotzdem nie, dann trennt vielleicht der Zugangspunkt seine Geräte voneinander (Client-Isolation, oft in Gastnetzen). Schalte das aus, nimm ein anderes Netz oder ein Handy als Hotspot.',
};
