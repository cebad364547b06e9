import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkListed,
  diskFolder,
  memoryFolder,
  readFile,
  readText,
  SiseonError,
  writeFileAtomically,
} from './index.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'siseon-files-'));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('writing', () => {
  it('replaces a file and follows a link', async () => {
    const place = folder();
    writeFileSync(join(place, 'a'), 'old');
    symlinkSync(join(place, 'a'), join(place, 'link'));
    await writeFileAtomically(join(place, 'link'), bytes('new'));
    expect(readFileSync(join(place, 'a'), 'utf8')).toBe('new');
    expect(readdirSync(place).sort()).toEqual(['a', 'link']);
  });
  it('names target and reason, and leaves nothing behind', async () => {
    const place = folder();
    mkdirSync(join(place, 'folder'));
    await expect(writeFileAtomically(join(place, 'folder'), bytes('x'))).rejects.toThrow('it is a folder');
    await expect(writeFileAtomically(join(place, 'none', 'x'), bytes('x'))).rejects.toThrow(
      'there is no such file or folder',
    );
    expect(readdirSync(place)).toEqual(['folder']);
  });
  it.skipIf(!existsSync('/dev/full'))(
    'says that the disk is full, and does not take the place of a device',
    async () => {
      await expect(writeFileAtomically('/dev/full', bytes('x'))).rejects.toThrow(
        'cannot write /dev/full: the disk is full',
      );
      expect(existsSync('/dev/full')).toBe(true);
      expect(readdirSync('/dev').filter((name) => name.endsWith('.part'))).toEqual([]);
    },
  );
});

describe('reading', () => {
  it('names a file that is not there, and one that is not text', async () => {
    const place = folder();
    await expect(readFile(join(place, 'x'))).rejects.toThrow('there is no such file or folder');
    writeFileSync(join(place, 'y'), Uint8Array.of(0xff, 0xfe));
    await expect(readText(join(place, 'y'))).rejects.toThrow('not UTF-8');
  });
});

describe('a folder on disk with what is no file', () => {
  it('names links that lead nowhere or to themselves, folders and pipes, and waits for none', async () => {
    const place = folder();
    symlinkSync(join(place, 'nowhere'), join(place, 'dangling'));
    symlinkSync('loop', join(place, 'loop'));
    mkdirSync(join(place, 'sub'));
    execFileSync('mkfifo', [join(place, 'pipe')]);
    const disk = diskFolder(place);
    for (const [name, reason] of [
      ['dangling', 'there is no such file or folder'],
      ['loop', 'its links lead in a circle'],
      ['sub', 'it is a folder'],
      ['pipe', 'it is no file but a pipe or a device'],
    ] as const) {
      expect(await disk.has(name)).toBe(false);
      await expect(checkListed(disk, name)).rejects.toMatchObject({
        code: 'cannotRead',
        message: expect.stringContaining(`${name}: ${reason}`),
      });
      await expect(disk.read(name)).rejects.toMatchObject({ code: 'cannotRead' });
    }
    await checkListed(disk, 'nothing');
  });
});

it('an error says what, expected, got and the next step', () => {
  const error = new SiseonError({
    code: 'x',
    kind: 'usage',
    what: 'the key does not fit',
    expected: '3',
    got: '4',
    next: 'Turn it.',
  });
  expect(error.message).toBe('the key does not fit: expected 3, got 4. Turn it.');
});

describe('files in memory', () => {
  it('are read as bytes of their own, from views and from buffers that share their memory too', async () => {
    const shared = Buffer.from('xxabcxx').subarray(2, 5);
    const read = await memoryFolder({ file: shared }).read('file', 1, 3);
    expect(new TextDecoder().decode(read.buffer)).toBe('bc');
    expect(read.buffer).not.toBe(shared.buffer);
  });
});
