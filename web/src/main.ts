import '@fontsource/jetbrains-mono/latin-400.css';
import 'pretendard/dist/web/variable/pretendardvariable-dynamic-subset.css';
import './style/page.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { start } from './engine/client.svelte.ts';

void start();
mount(App, { target: document.getElementById('page')! });
// A browser that refuses (a private window, an old one) shows the page all the same, only not without a network.
if (import.meta.env.PROD) navigator.serviceWorker?.register('./serviceWorker.js').catch(() => {});
