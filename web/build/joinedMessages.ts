import { joined } from 'siseon/views';

/** Korean messages break into lines as `joined` of the package says: the rule is put into all of them when the page is built. */
export const joinedMessages = () => ({
  name: 'joined-messages',
  transform: (code: string, id: string) =>
    /\/paraglide\/messages\/\w+\.js$/.test(id)
      ? { code: code.replace(/`[^`]*[가-힣][^`]*`/g, joined), map: null }
      : null,
});
