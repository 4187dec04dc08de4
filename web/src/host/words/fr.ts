import type { HostWords } from '../words.ts';

export const fr: HostWords = {
  title: 'Hôte',
  key: 'Clé d’hôte',
  keyHelp:
    'Ouvrez le lien vers la page de l’hôte que le relais a affiché au démarrage, ou saisissez la clé qui est à la fin.',
  badKey: 'Ce n’est pas la clé d’hôte de ce relais.',
  keyWait: 'Trop de clés fausses. Nouvel essai possible dans {seconds} s.',
  enter: 'Ouvrir la page de l’hôte',
  away: 'Le relais ne répond pas. Cette page continue d’essayer.',
  rooms: 'Salons',
  newRoom: 'Nom d’un nouveau salon',
  create: 'Créer',
  badName: 'Le nom d’un salon est fait de a à z, 0 à 9 et de tirets.',
  inside: '{count} dans le salon',
  empty: 'Personne n’est dans ce salon.',
  host: 'hôte',
  open: 'Le relais a été démarré de sorte que quiconque le trouve peut entrer.',
  newInvite: 'Nouvelle invitation',
  newInviteAsk: 'Nouvelle invitation à {name} ?',
  newInviteHelp: 'L’ancien lien, l’ancien code et l’ancien PIN ne valent plus rien. Qui est dedans reste.',
  lock: 'Fermer le salon',
  lockHelp: 'Personne d’autre n’entre ; qui est dedans reste.',
  mute: 'Couper',
  muteOne: 'Couper le micro de {name}',
  muteAll: 'Couper tous les micros',
  remove: 'Retirer',
  removeOne: 'Retirer {name}',
  removeAsk: 'Retirer {name} ?',
  removeHelp:
    'La personne sort aussitôt. Avec le lien ou le PIN elle peut revenir : faites une nouvelle invitation si elle ne le doit pas.',
  end: 'Mettre fin au salon',
  endAsk: 'Mettre fin à {name} pour tous ?',
  endHelp: 'Tout le monde sort ; lien, code et PIN sont nouveaux.',
  cancel: 'Annuler',
  nobody: 'Un téléphone n’entre pas ?',
  nobodyLink:
    'Le code contient l’adresse de cette page. Il faut que le téléphone l’atteigne : celle du relais dans le Wi-Fi du téléphone.',
  nobodyIsolated:
    'Si le téléphone est dans le même Wi-Fi et que la page ne vient jamais, le point d’accès sépare peut-être ses appareils (isolation des clients, fréquente dans les réseaux d’invités). Désactivez-la, prenez un autre réseau ou un téléphone comme point d’accès.',
};
