/** The page itself, while the engine comes. */
import '@fontsource/jetbrains-mono/latin-400.css';
import 'pretendard/dist/web/variable/pretendardvariable-dynamic-subset.css';
import './style/ground.css';
import './style/letters.css';
import './style/controls.css';
import './style/numbers.css';
import './style/blocks.css';
import './style/media.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { start } from './engine/client.svelte.ts';
import { here } from './place.svelte.ts';

void start(here.text);
mount(App, { target: document.getElementById('page')! });
