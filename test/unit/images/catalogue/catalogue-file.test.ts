import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CatalogueFileError } from '../../../../src/errors/index.ts';
import { readCatalogueFile } from '../../../../src/images/catalogue/catalogue-file.ts';
import { temporaryDirectory } from '../../../directory.ts';

const file = join(temporaryDirectory(), 'images.yaml');

/** Line 1 is `images:`. */
const ENTRY = `images:
  web:1:
    description: ours
    firmware: bios
    provisioner: cloud-init
    format: qcow2
    architectures: { x86_64: amd64 }
    url: https://images.example.org/web-{arch}.qcow2
`;

async function failure(text: string, otherKeys: readonly string[] = []): Promise<CatalogueFileError> {
  writeFileSync(file, text);
  const error: unknown = await readCatalogueFile(file, otherKeys).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CatalogueFileError);
  return error as CatalogueFileError;
}

describe('a user’s file', () => {
  it('adds nothing if it is missing or empty', async () => {
    expect(await readCatalogueFile(join(file, '..', 'none.yaml'))).toBeUndefined();
    writeFileSync(file, '# nothing yet\n');
    expect(await readCatalogueFile(file)).toEqual({ mirrors: {}, keys: {}, images: {} });
  });

  it('needs few fields for an image', async () => {
    writeFileSync(file, ENTRY);
    expect((await readCatalogueFile(file))?.images['web:1']).toMatchObject({
      aliases: [],
      architectures: { x86_64: { arch: 'amd64' } },
      cpu: 'x86-64',
      compression: 'none',
      quirks: [],
      unconfirmed: [],
    });
  });

  it('may use the keys of the catalogue', async () => {
    writeFileSync(file, `${ENTRY}    signature: { form: image, url: https://x.example/s, key: theirs }\n`);
    expect((await readCatalogueFile(file, ['theirs']))?.images['web:1']?.signature?.key).toBe('theirs');
  });
});

describe('an error names the file, line and field', () => {
  const entryWith = (from: string, to: string): string => ENTRY.replace(from, to);
  const digest = (newest: string): string =>
    `${ENTRY}    digest:\n      url: https://x.example/SUMS\n      form: list\n      algorithm: sha256\n      newest: '${newest}'\n`;

  it.each<readonly [string, string, number, string, string]>([
    ['text that is not YAML', 'images:\n  web:1: [\n', 3, '', 'invalid YAML'],
    ['the same image twice', `${ENTRY}  web:1: {}\n`, 9, '', 'invalid YAML: Map keys must be unique'],
    ['a list', '- images\n', 1, '', 'expected an object'],
    ['an unknown part', `${ENTRY}image: {}\n`, 9, 'image', 'unknown key'],
    ['an unknown field', `${ENTRY}    firmwear: uefi\n`, 9, 'images.web:1.firmwear', 'unknown key'],
    ['a missing field', entryWith('    format: qcow2\n', ''), 2, 'images.web:1.format', 'missing'],
    ['an unknown choice', entryWith('bios', 'efi'), 4, 'images.web:1.firmware', '"efi": '],
    ['a number in place of text', entryWith('ours', '12'), 3, 'images.web:1.description', '12: '],
    ['an invalid name', entryWith('web:1:', 'Web/1:'), 2, 'images.Web/1', 'expected the name of an image'],
    ['an invalid URL', entryWith('https:', 'ftp:'), 8, 'images.web:1.url', 'https:// or http://'],
    [
      'an unknown architecture',
      entryWith('x86_64', 'x64'),
      7,
      'images.web:1.architectures.x64',
      'unknown key',
    ],
    [
      'no architecture',
      entryWith('{ x86_64: amd64 }', '{}'),
      7,
      'images.web:1.architectures',
      'expected at least one of x86_64 and aarch64',
    ],
    [
      'a number as architecture',
      entryWith('amd64 }', '64 }'),
      7,
      'images.web:1.architectures.x86_64',
      'expected the publisher’s name of the architecture',
    ],
    [
      'an undefined placeholder',
      entryWith('web-{arch}', 'web-{build}'),
      8,
      'images.web:1.url',
      '{build} has no value; define build under architectures.x86_64, or as a named group in index.newest or digest.newest',
    ],
    ['an invalid pattern', digest('('), 13, 'images.web:1.digest.newest', 'expected a regular expression'],
    [
      'an unknown field of the digest',
      digest('x').replace('form: list', 'from: list'),
      11,
      'images.web:1.digest.from',
      'unknown key',
    ],
    [
      'a signature without digests',
      `${ENTRY}    signature: { form: inline, key: theirs }\n`,
      9,
      'images.web:1.signature',
      'the field "digest" is required',
    ],
    [
      'a signature over an unpacked file',
      `${ENTRY}    compression: xz\n    signature: { form: image, url: https://x.example/s, key: theirs }\n`,
      10,
      'images.web:1.signature',
      'requires compression: none',
    ],
    [
      'a signature by a missing key',
      `${ENTRY}    signature: { form: image, url: https://x.example/s, key: nobodys }\n`,
      9,
      'images.web:1.signature.key',
      'no such signing key: nobodys',
    ],
    [
      'an alias of another image',
      `${ENTRY}    aliases: [web, web:1]\n`,
      9,
      'images.web:1.aliases.1',
      'this name already belongs to web:1',
    ],
    [
      'a short fingerprint',
      'keys:\n  ours: { file: a.asc, fingerprint: 1A2B }\n',
      2,
      'keys.ours.fingerprint',
      'the full fingerprint',
    ],
    [
      'a mirror that is not a list',
      'mirrors:\n  https://a.example/: https://b.example/\n',
      2,
      'mirrors.https://a.example/',
      'expected a list',
    ],
    [
      'a mirror without a URL',
      'mirrors:\n  a.example: [https://b.example/]\n',
      2,
      'mirrors.a.example',
      'https:// or http://',
    ],
    [
      'a mirror whose directory has no final slash',
      'mirrors:\n  https://a.example/:\n    - https://b.example/x/\n    - https://b.example/y\n',
      4,
      'mirrors.https://a.example/.1',
      'ends with /',
    ],
    [
      'an unknown key in unconfirmed',
      `${ENTRY}    unconfirmed: [weather]\n`,
      9,
      'images.web:1.unconfirmed.0',
      '"weather": ',
    ],
  ])('%s', async (_, text, line, field, problem) => {
    const error = await failure(text, ['theirs']);
    expect(error).toMatchObject({ code: 'VMLET_CATALOGUE_FILE', file, line, field });
    expect(error.message).toContain(problem);
    expect(error.message.startsWith(field === '' ? `${file}:${line}: ` : `${file}:${line}: ${field}: `)).toBe(
      true,
    );
    expect(error.message).not.toContain('\n');
  });

  it('suggests similar names', async () => {
    expect((await failure(`${ENTRY}    firmwear: uefi\n`)).hint).toContain('did you mean firmware');
    expect((await failure(`${ENTRY}mirors: {}\n`)).hint).toContain('did you mean mirrors');
    expect((await failure(digest('x').replace('form: list', 'from: list'))).hint).toContain(
      'did you mean form',
    );
    const signed = `${ENTRY}    signature: { form: image, url: https://x.example/s, key: nobodys }\n`;
    expect((await failure(signed, ['theirs'])).hint).toBe(
      'define this signing key under "keys" in this file, or use one of theirs',
    );
  });

  it('a file that cannot be read', async () => {
    const folder = join(file, '..', 'folder.yaml');
    mkdirSync(folder);
    await expect(readCatalogueFile(folder)).rejects.toThrow(
      /folder\.yaml:1: cannot read the file: illegal operation on a directory/,
    );
  });

  it('a file that is far too large', async () => {
    expect((await failure(`#${'x'.repeat(5 * 1024 * 1024)}`)).message).toContain('is too large');
  });

  it('YAML aliases that would fill the memory', async () => {
    const levels = Array.from({ length: 9 }, (_, n) =>
      n === 0
        ? 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
        : `a${n}: &a${n} [${Array(9)
            .fill(`*a${n - 1}`)
            .join(', ')}]`,
    );
    expect((await failure(`${levels.join('\n')}\n`)).message).toContain('unsupported YAML');
  });
});
