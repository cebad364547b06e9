/** The story's shelves, as the command line has them: a beginning for a library of one's own. */
export { default as storyShelves } from 'siseon/models/ko/library.json';
