import type { CheckWords } from '../words.ts';

export const fr: CheckWords = {
  title: 'Cet appareil est-il prêt ?',
  intro: 'Parler demande trois choses. Ce qui manque dit quoi faire.',
  looking: 'Vérification…',
  page: 'La page',
  pageGood: 'Elle est venue par HTTPS, et ce navigateur a ce qu’il faut.',
  pageInsecure:
    'Elle est venue sans HTTPS, donc le navigateur ne lui donne pas le micro. Ouvrez l’adresse qui commence par https://.',
  pageOld: 'Ce navigateur est trop ancien. Mettez-le à jour, ou prenez un Chrome, Firefox, Edge ou Safari actuel.',
  socket: 'La connexion pour le son',
  socketGood: 'Elle fonctionne.',
  socketRefused:
    'Le navigateur montre la page mais refuse la connexion : sur iPhone et iPad, cela veut dire que le certificat du relais n’est pas encore approuvé. L’aide du relais montre les étapes.',
  help: 'Vers l’aide',
  again: 'Réessayer',
  microphone: 'Le micro',
  microphoneWaiting: 'Le navigateur demandera si cette page peut l’utiliser. Rien n’en sort de cet appareil.',
  try: 'Essayer le micro',
  microphoneAsking: 'Autorisez le micro là où le navigateur le demande.',
  microphoneListening: 'Dites quelque chose.',
  microphoneGood: 'On vous a entendu.',
  microphoneSilent: 'Il est là, mais rien n’a été entendu. Est-il coupé dans le système, ou en vouliez-vous un autre ?',
  microphoneRefused:
    'Le navigateur le refuse à cette page. Touchez le signe à côté de l’adresse, autorisez le micro et réessayez. Sur Mac ou iPhone, voyez aussi les réglages de confidentialité du système.',
  microphoneMissing: 'Il n’y en a pas. Branchez un casque avec micro ; sans lui, vous pouvez écouter et écrire.',
  microphoneBusy:
    'Un autre programme l’utilise. Fermez les appels et les autres pages qui s’en servent, puis réessayez.',
  microphoneWithheld:
    'Ce navigateur n’en donne pas aux pages, comme ceux à l’intérieur d’autres applications. Ouvrez le lien dans Safari ou Chrome.',
  microphoneBroken: 'Il n’a pas démarré. Rechargez la page ; si cela n’aide pas, redémarrez le navigateur.',
  ready: 'Prêt : vers la salle',
  anyway: 'Vers la salle quand même',
};
