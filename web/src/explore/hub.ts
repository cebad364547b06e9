/** The hub that is asked unless the visitor names another; nothing is asked of it before the visitor says so. */
export const publicHub = 'https://huggingface.co';
