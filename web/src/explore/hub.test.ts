import { expect, it } from 'vitest';
import { allowedHub, hubName } from './hub.ts';

it.each([
  ['https://huggingface.co', true],
  ['https://cdn-lfs.huggingface.co/x', true],
  ['http://localhost:8080', true],
  ['http://127.0.0.1:9', true],
  ['https://example.com', false],
  ['https://huggingface.co.example.com', false],
  ['http://huggingface.co', false],
  ['https://evilhf.co', false],
  ['localhost', null],
  ['localhost:1', null],
  ['ftp://x', null],
  ['not an address', null],
  ['', null],
])('the page may ask %j: %s', (address, allowed) => expect(allowedHub(address)).toBe(allowed));

it.each([
  ['owner/name', 'owner/name'],
  [' owner/name@v2 ', 'owner/name@v2'],
  ['owner/name/file.gguf', 'owner/name/file.gguf'],
  ['owner/name/', 'owner/name'],
  ['https://huggingface.co/owner/name', 'owner/name'],
  ['huggingface.co/owner/name/tree/main', 'owner/name'],
  ['https://huggingface.co/owner/name/tree/v2/sub?x=1', 'owner/name@v2'],
  ['not a name?', 'not a name?'],
])('%j is the model %j', (pasted, name) => expect(hubName(pasted)).toBe(name));
