import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Catalogue, openCatalogue } from '../../../../src/images/catalogue/catalogue.ts';
import { entrySchema } from '../../../../src/images/catalogue/catalogue-schema.ts';
import { catalogueFile } from '../../../../src/machine/paths/package-files.ts';
import { temporaryDirectory } from '../../../directory.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/images.md'), 'utf8');
const userFile = join(temporaryDirectory(), 'images.yaml');

type Row = readonly string[];

/** The cells of the table between two comments, without the separator line. */
function tableOf(name: string): Row[] {
  const part = page.split(`<!-- ${name} -->`)[1]?.split(`<!-- /${name} -->`)[0] ?? '';
  const rows = part
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return rows.filter((cells) => !cells.every((cell) => /^-+$/.test(cell)));
}

async function open(): Promise<Catalogue> {
  return openCatalogue({ file: catalogueFile(), userFile });
}

/** The expected value of a failed test is the correct table. */
describe('docs/images.md', () => {
  it('lists every image of the catalogue correctly', async () => {
    writeFileSync(userFile, '');
    const catalogue = await open();
    const rows = catalogue
      .list()
      .map(({ reference, aliases, architectures, firmware, cpu, user, verification, unconfirmed }) => [
        `\`${reference}\``,
        aliases.map((alias) => `\`${alias}\``).join(' '),
        architectures.join(' '),
        firmware,
        cpu,
        user ?? '',
        catalogue.find(reference).provisioner,
        verification,
        unconfirmed.join(', '),
      ]);
    expect(tableOf('catalogue')).toEqual([
      ['image', 'also', 'for', 'firmware', 'cpu', 'user', 'set up by', 'verified', 'not confirmed'],
      ...rows,
    ]);
  });

  it('lists their quirks', async () => {
    writeFileSync(userFile, '');
    const known = new Map<string, string[]>();
    for (const { reference, quirks } of (await open()).list()) {
      for (const quirk of quirks) known.set(quirk, [...(known.get(quirk) ?? []), `\`${reference}\``]);
    }
    expect(tableOf('quirks')).toEqual([
      ['note', 'images'],
      ...[...known].map(([quirk, references]) => [quirk, references.join(' ')]),
    ]);
  });

  it('contains a valid example of a user’s own file', async () => {
    const [, example] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    writeFileSync(userFile, example ?? '- no example');
    const catalogue = await open();
    const web = catalogue.find('web');
    expect(web).toMatchObject({
      reference: 'web:1',
      architectures: { x86_64: { arch: 'amd64' }, aarch64: { arch: 'arm64' } },
      key: { path: join(userFile, '../keys/ours.asc') },
      mirrors: { 'https://cloud.debian.org/images/': ['https://mirror.example.org/debian-cloud/'] },
    });
    expect(
      catalogue
        .list()
        .filter(({ own }) => own)
        .map(({ reference, verification }) => [reference, verification]),
    ).toEqual([
      ['web:1', 'signed'],
      ['scratch', 'none'],
    ]);
  });

  it('explains every field of an entry', () => {
    const explained = page.slice(page.indexOf('| field'));
    const fields = Object.keys(entrySchema.shape).filter(
      (name) => !['description', 'aliases'].includes(name),
    );
    for (const field of fields) expect(explained).toContain(`\`${field}\``);
  });
});
