import type { CheckWords } from '../words.ts';

export const es: CheckWords = {
  title: '¿Está listo este dispositivo?',
  intro: 'Hablar necesita tres cosas. Lo que falte dice qué hacer.',
  looking: 'Comprobando…',
  page: 'La página',
  pageGood: 'Llegó por HTTPS y este navegador tiene lo que necesita.',
  pageInsecure:
    'Llegó sin HTTPS, así que el navegador no le da el micrófono. Abre la dirección que empieza por https://.',
  pageOld: 'Este navegador es demasiado antiguo. Actualízalo o usa un Chrome, Firefox, Edge o Safari actual.',
  socket: 'La conexión para el sonido',
  socketGood: 'Funciona.',
  socketRefused:
    'El navegador muestra la página pero rechaza la conexión: en iPhone y iPad significa que aún no se confía en el certificado del relé. Su ayuda muestra los pasos.',
  help: 'A la ayuda',
  again: 'Intentar de nuevo',
  microphone: 'El micrófono',
  microphoneWaiting: 'El navegador preguntará si esta página puede usarlo. Nada sale de este dispositivo.',
  try: 'Probar el micrófono',
  microphoneAsking: 'Permite el micrófono donde el navegador pregunte.',
  microphoneListening: 'Di algo.',
  microphoneGood: 'Se te ha oído.',
  microphoneSilent: 'Está ahí, pero no se oyó nada. ¿Está silenciado en el sistema, o querías otro?',
  microphoneRefused:
    'El navegador se lo niega a esta página. Toca el signo junto a la dirección, permite el micrófono e inténtalo de nuevo. En un Mac o un iPhone mira también los ajustes de privacidad del sistema.',
  microphoneMissing: 'No hay ninguno. Conecta unos auriculares con micrófono; sin él puedes escuchar y escribir.',
  microphoneBusy: 'Otro programa lo tiene. Cierra llamadas y otras páginas que lo usen e inténtalo de nuevo.',
  microphoneWithheld:
    'Este navegador no lo da a las páginas, como los que hay dentro de otras aplicaciones. Abre el enlace en Safari o Chrome.',
  microphoneBroken: 'No arrancó. Recarga la página; si no ayuda, reinicia el navegador.',
  ready: 'Listo: a la sala',
  anyway: 'A la sala de todos modos',
};
