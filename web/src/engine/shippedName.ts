/** The model that comes with the page, in the address too, where it stands beside another. */
export const shippedName = 'siseon/models/ko';
