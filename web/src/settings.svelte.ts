/** What the visitor sets once: theme and digits. Kept by the browser where it lets us, else for this window alone. */
type Theme = 'light' | 'dark';

const remembered = (): string | null => {
  try {
    return localStorage.getItem('siseon-theme');
  } catch {
    return null;
  }
};
const systemTheme = (): Theme => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
const initial = remembered();

class Settings {
  theme = $state<Theme>(initial === 'light' || initial === 'dark' ? initial : systemTheme());
  /** All digits of every number instead of two decimals. */
  exact = $state(false);
  /** The browser did not let the page remember. */
  forgetful = $state(false);

  setTheme(theme: Theme): void {
    this.theme = theme;
    try {
      localStorage.setItem('siseon-theme', theme);
    } catch {
      this.forgetful = true;
    }
  }
}
export const settings = new Settings();
