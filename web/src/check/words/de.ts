import type { CheckWords } from '../words.ts';

export const de: CheckWords = {
  title: 'Ist dieses Gerät bereit?',
  intro: 'Drei Dinge braucht es zum Sprechen. Was fehlt, sagt, was zu tun ist.',
  looking: 'Wird geprüft …',
  page: 'Die Seite',
  pageGood: 'Sie kam über HTTPS, und dieser Browser hat, was sie braucht.',
  pageInsecure:
    'Sie kam ohne HTTPS, darum gibt ihr der Browser kein Mikrofon. Öffne die Adresse, die mit https:// beginnt.',
  pageOld: 'Dieser Browser ist zu alt. Aktualisiere ihn oder nimm ein aktuelles Chrome, Firefox, Edge oder Safari.',
  socket: 'Die Verbindung für den Ton',
  socketGood: 'Sie steht.',
  socketRefused:
    'Der Browser zeigt die Seite, verweigert aber die Verbindung: Auf iPhone und iPad heißt das, dass dem Zertifikat des Relays noch nicht vertraut wird. Die Hilfe des Relays zeigt die Schritte.',
  help: 'Zur Hilfe',
  again: 'Noch einmal',
  microphone: 'Das Mikrofon',
  microphoneWaiting: 'Der Browser fragt, ob diese Seite es benutzen darf. Nichts davon verlässt dieses Gerät.',
  try: 'Mikrofon ausprobieren',
  microphoneAsking: 'Erlaube das Mikrofon, wo der Browser fragt.',
  microphoneListening: 'Sag etwas.',
  microphoneGood: 'Du warst zu hören.',
  microphoneSilent: 'Es ist da, aber nichts war zu hören. Ist es im System stumm, oder ist ein anderes gemeint?',
  microphoneRefused:
    'Der Browser verweigert es dieser Seite. Tippe auf das Zeichen neben der Adresse, erlaube das Mikrofon und versuche es noch einmal. Auf Mac und iPhone sieh auch in den Datenschutz-Einstellungen des Systems nach.',
  microphoneMissing: 'Es gibt keines. Stecke ein Headset an; ohne kannst du zuhören und schreiben.',
  microphoneBusy:
    'Ein anderes Programm hat es. Beende Anrufe und andere Seiten, die es benutzen, und versuche es noch einmal.',
  microphoneWithheld:
    'Dieser Browser gibt Seiten keines, wie die im Innern anderer Apps. Öffne den Link in Safari oder Chrome.',
  microphoneBroken: 'Es ist nicht angelaufen. Lade die Seite neu; hilft das nicht, starte den Browser neu.',
  ready: 'Bereit: zum Raum',
  anyway: 'Trotzdem zum Raum',
};
