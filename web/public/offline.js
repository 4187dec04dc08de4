const WORDS = {
  de: [
    'Das Relay antwortet nicht',
    'Läuft es noch, und ist dieses Gerät in seinem WLAN? Die Seite kommt von selbst zurück, sobald das Relay da ist.',
  ],
  es: [
    'El relé no responde',
    '¿Sigue en marcha y está este dispositivo en su Wi-Fi? La página vuelve sola en cuanto vuelva el relé.',
  ],
  fr: [
    'Le relais ne répond pas',
    'Tourne-t-il encore, et cet appareil est-il sur son Wi-Fi ? La page revient d’elle-même avec le relais.',
  ],
  pt: [
    'O relé não responde',
    'Ainda está a correr, e este dispositivo está na Wi-Fi dele? A página volta sozinha assim que o relé voltar.',
  ],
};
const PAUSE_MS = 2_000;

const language = navigator.language.slice(0, 2);
const words = WORDS[language];
if (words !== undefined) {
  document.documentElement.lang = language;
  document.querySelector('h1').textContent = words[0];
  document.querySelector('p').textContent = words[1];
}

async function look() {
  try {
    const answer = await fetch('/healthz', { cache: 'no-store' });
    if (answer.ok) {
      location.reload();
      return;
    }
  } catch {
    // Still away.
  }
  setTimeout(look, PAUSE_MS);
}
setTimeout(look, PAUSE_MS);
