// The engine's worker is begun before the page is read; the build tells the browser to fetch the page beside it.
import './engine/begun.ts';

void import('./page.ts');
