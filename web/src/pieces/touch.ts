import { MediaQuery } from 'svelte/reactivity';

/** Whether nothing can be pointed at without being pressed, as on a phone: what a visitor is told to do goes by it. */
export const touch = new MediaQuery('hover: none');
