/** What the visitor sets once: theme, language and digits. Kept by the browser where it lets us, else for this window alone. */
import type { Language } from 'siseon/views';

type Theme = 'light' | 'dark';

type Name = 'theme' | 'language' | 'digits';

const remembered = (name: Name): string | null => {
  try {
    return localStorage.getItem(`siseon-${name}`);
  } catch {
    return null;
  }
};
const darkSystem = matchMedia('(prefers-color-scheme: dark)');
const systemTheme = (): Theme => (darkSystem.matches ? 'dark' : 'light');
const chosenTheme = remembered('theme');

/** Where the address names no language: the one chosen last, else Korean for whoever reads it before English, else English. */
export function ownLanguage(): Language {
  const chosen = remembered('language');
  if (chosen === 'ko' || chosen === 'en') return chosen;
  const first = navigator.languages.map((tag) => tag.split('-')[0]).find((name) => name === 'ko' || name === 'en');
  return first === 'ko' ? 'ko' : 'en';
}

class Settings {
  #themeChosen = chosenTheme === 'light' || chosenTheme === 'dark';
  theme = $state<Theme>(this.#themeChosen ? (chosenTheme as Theme) : systemTheme());
  /** All digits of every number instead of two decimals. */
  exact = $state(remembered('digits') === 'all');
  /** The browser did not let the page remember. */
  forgetful = $state(false);

  constructor() {
    // A page that is kept open goes with its system into the evening, until the visitor chooses.
    darkSystem.addEventListener('change', () => {
      if (!this.#themeChosen) this.theme = systemTheme();
    });
  }
  setTheme(theme: Theme): void {
    this.#themeChosen = true;
    this.theme = theme;
    this.#remember('theme', theme);
  }
  setExact(exact: boolean): void {
    this.exact = exact;
    this.#remember('digits', exact ? 'all' : 'two');
  }
  /** For the next visit; the language that is shown stands in the address. */
  rememberLanguage(language: Language): void {
    this.#remember('language', language);
  }
  #remember(name: Name, value: string): void {
    try {
      localStorage.setItem(`siseon-${name}`, value);
    } catch {
      this.forgetful = true;
    }
  }
}
export const settings = new Settings();
