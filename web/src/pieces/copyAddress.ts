/** Puts the page's address where it can be pasted from; resolves to whether the browser let it. */
export const copyAddress = (): Promise<boolean> =>
  (navigator.clipboard?.writeText(location.href) ?? Promise.reject()).then(
    () => true,
    () => false,
  );
