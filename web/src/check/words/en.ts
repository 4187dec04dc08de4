export const en = {
  title: 'Is this device ready?',
  intro: 'Three things that talking needs. What is missing says what to do.',
  looking: 'Looking…',
  page: 'The page',
  pageGood: 'It came over HTTPS, and this browser has what it needs.',
  pageInsecure:
    'It came without HTTPS, so the browser gives no microphone to it. Open the address that begins with https://.',
  pageOld: 'This browser is too old. Update it, or use a current Chrome, Firefox, Edge or Safari.',
  socket: 'The connection for sound',
  socketGood: 'It stands.',
  socketRefused:
    'The browser shows the page but refuses the connection: on iPhone and iPad this means that the relay’s certificate is not trusted yet. The relay’s help shows the steps.',
  help: 'To the help',
  again: 'Try again',
  microphone: 'The microphone',
  microphoneWaiting: 'The browser will ask whether this page may use it. Nothing of it leaves this device.',
  try: 'Try the microphone',
  microphoneAsking: 'Allow the microphone where the browser asks.',
  microphoneListening: 'Say something.',
  microphoneGood: 'You were heard.',
  microphoneSilent: 'It is there, but nothing was heard. Is it muted in the system, or is another one meant?',
  microphoneRefused:
    'The browser refuses it to this page. Tap the sign beside the address, allow the microphone, and try again. On a Mac or an iPhone look also into the system’s privacy settings.',
  microphoneMissing: 'There is none. Plug in a headset; without one you can listen and write.',
  microphoneBusy: 'Another program has it. Close calls and other pages that use it, and try again.',
  microphoneWithheld:
    'This browser gives none to pages, as those inside of other apps do. Open the link in Safari or Chrome.',
  microphoneBroken: 'It did not start. Reload the page; if that does not help, start the browser again.',
  ready: 'Ready: to the room',
  anyway: 'To the room all the same',
};
