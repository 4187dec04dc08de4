import type { CheckWords } from '../words.ts';

export const pt: CheckWords = {
  title: 'Este dispositivo está pronto?',
  intro: 'Falar precisa de três coisas. O que faltar diz o que fazer.',
  looking: 'A verificar…',
  page: 'A página',
  pageGood: 'Veio por HTTPS, e este navegador tem o que precisa.',
  pageInsecure: 'Veio sem HTTPS, por isso o navegador não lhe dá o microfone. Abra o endereço que começa por https://.',
  pageOld: 'Este navegador é demasiado antigo. Atualize-o, ou use um Chrome, Firefox, Edge ou Safari atual.',
  socket: 'A ligação para o som',
  socketGood: 'Funciona.',
  socketRefused:
    'O navegador mostra a página mas recusa a ligação: no iPhone e no iPad isto quer dizer que o certificado do relé ainda não é de confiança. A ajuda do relé mostra os passos.',
  help: 'Para a ajuda',
  again: 'Tentar de novo',
  microphone: 'O microfone',
  microphoneWaiting: 'O navegador perguntará se esta página o pode usar. Nada sai deste dispositivo.',
  try: 'Experimentar o microfone',
  microphoneAsking: 'Permita o microfone onde o navegador perguntar.',
  microphoneListening: 'Diga alguma coisa.',
  microphoneGood: 'Foi ouvido.',
  microphoneSilent: 'Está lá, mas nada se ouviu. Está silenciado no sistema, ou queria outro?',
  microphoneRefused:
    'O navegador recusa-o a esta página. Toque no sinal ao lado do endereço, permita o microfone e tente de novo. Num Mac ou iPhone veja também as definições de privacidade do sistema.',
  microphoneMissing: 'Não há nenhum. Ligue uns auscultadores com microfone; sem ele pode ouvir e escrever.',
  microphoneBusy: 'Outro programa está a usá-lo. Feche chamadas e outras páginas que o usem e tente de novo.',
  microphoneWithheld:
    'Este navegador não o dá às páginas, como os que há dentro de outras aplicações. Abra a ligação no Safari ou no Chrome.',
  microphoneBroken: 'Não arrancou. Recarregue a página; se não ajudar, reinicie o navegador.',
  ready: 'Pronto: para a sala',
  anyway: 'Para a sala mesmo assim',
};
