import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import * as yaml from 'yaml';
import { AnsweringProgram } from '../../../../fixtures/fuzz/c-program.ts';
import { target as guest } from '../../../../fixtures/guests/seed/target.ts';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { makeSeed } from '../../../../src/guest/seed/make.ts';
import { type SeedOptions, parseSeedOptions } from '../../../../src/guest/seed/seed-options.ts';
import { fatImage } from '../../../../src/images/formats/fat.ts';
import { readFat } from '../../../../src/images/formats/fat-contents.ts';
import { mutatedText } from '../mutate.ts';
import { jsonTarget, must, same } from '../target.ts';

const READER = join(import.meta.dirname, '../../../../fixtures/fuzz/read-yaml.py');
/** A CI host may have no PyYAML; then only our library parses. */
const hasPyYaml = spawnSync('python3', ['-c', 'import yaml']).status === 0;
let reader: AnsweringProgram | undefined;

/** The meaning in YAML 1.1, by cloud-init’s parser if it is installed. */
async function meaningOf(text: string): Promise<unknown> {
  if (!reader) return yaml.parse(text, { version: '1.1', logLevel: 'error' });
  const answer = JSON.parse((await reader.ask(Buffer.from(text))).toString('utf8')) as Record<
    string,
    unknown
  >;
  if ('problem' in answer) throw new Error(`PyYAML: ${String(answer['problem'])} in ${text}`);
  return answer['value'];
}

const word = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    'yes',
    'no',
    '0644',
    '1e3',
    '~',
    'null',
    '12:30:45',
    '2026-01-01',
    '- a',
    'a: b',
    '# c',
    '"',
    "'",
    '|',
    '>',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\t',
    ' x ',
    'a\n\n b\n',
    '\ud800',
    '=',
    '<<',
    '.inf',
    '0b1',
    '1_000',
    '!x',
    '&a',
    '*a',
    '%',
  ),
);

interface Given {
  readonly options: SeedOptions;
  readonly userData: string;
}

export const seedTarget = jsonTarget<Given>({
  name: 'seeds',
  what: `seeds for cloud-init, read back${hasPyYaml ? ' by PyYAML' : ''} from their file system`,
  expected: ['same', 'refused'],
  prepare: async () => {
    const program = hasPyYaml ? new AnsweringProgram(['python3', READER]) : undefined;
    reader = program;
    return Promise.resolve(async () => {
      reader = undefined;
      await program?.close();
    });
  },
  arbitrary: fc.record({
    options: fc.record(
      {
        user: fc.oneof(fc.constantFrom('alice', 'root', 'no', '_'), word),
        hostname: fc.oneof(fc.constantFrom('web', '123', 'no', '1e3', '0x10'), word),
        timezone: fc.constantFrom('Europe/Berlin', 'UTC', '../x'),
        packages: fc.array(fc.constantFrom('nginx', '123', 'no', '@x', 'a b'), { maxLength: 3 }),
        run: fc.array(word, { maxLength: 3 }),
        files: fc.array(
          fc.record({
            path: fc.oneof(
              fc.constant('/etc/x'),
              word.map((text) => `/${text}`),
            ),
            content: word,
            mode: fc.nat(0o10000),
          }),
          { maxLength: 3 },
        ),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    userData: fc.oneof(
      { weight: 2, arbitrary: fc.constant('') },
      {
        weight: 3,
        arbitrary: mutatedText(
          [
            '#cloud-config\npackages: [a, b]\nruncmd:\n  - echo hi\nusers: [default, {name: bob}]\nwrite_files: []\n',
            '#cloud-config\n{"bootcmd": ["x"], "timezone": "UTC"}\n',
          ],
          [
            '&a ',
            '*a',
            '<<: *a\n',
            'yes',
            '0644',
            '- ',
            ': ',
            '|\n  ',
            '? ',
            '!!binary x',
            '\t',
            '---\n',
            '{',
            '[',
            '"',
            '# x\n',
            '\r\n',
            '1e3',
            '__proto__: {a: 1}\n',
          ],
        ),
      },
    ),
  }),
  async check({ options, userData }) {
    let files: Map<string, Uint8Array>;
    const seed = (() => {
      try {
        return parseSeedOptions({ ...options, ...(userData !== '' && { userData }) });
      } catch (error) {
        if (error instanceof InvalidInputError) return undefined;
        throw error;
      }
    })();
    if (!seed) return 'refused';
    try {
      files = await makeSeed(seed, guest);
    } catch (error) {
      if (error instanceof InvalidInputError) return 'refused';
      throw error;
    }
    // User-data that PyYAML rejects alone may be rejected when merged, too.
    const isUnderstood = await meaningOf(userData).then(
      () => true,
      () => false,
    );
    if (!isUnderstood) return 'refused';
    const image = fatImage(files, { label: 'CIDATA', volumeId: 1, time: new Date(1.7e12) });
    const text = (name: string): string =>
      Buffer.from(readFat(Buffer.from(image)).files.get(name) ?? '').toString('utf8');
    const metaData = (await meaningOf(text('meta-data'))) as Record<string, unknown>;
    same(metaData['local-hostname'], seed.hostname ?? guest.hostname, 'another host name');
    if (!text('user-data').startsWith('#cloud-config')) return 'same';
    const config = (await meaningOf(text('user-data'))) as Record<string, unknown[]>;
    const written = (config['write_files'] ?? []) as Record<string, string>[];
    for (const { path, content, mode } of seed.files) {
      const found = written.some(
        (one) =>
          one['path'] === path &&
          contentOf(one).equals(Buffer.from(content)) &&
          Number.parseInt(one['permissions'] ?? '', 8) === mode,
      );
      must(found, `the file ${JSON.stringify(path)} is not there as it was given`);
    }
    const commands = JSON.stringify(config['runcmd'] ?? []);
    for (const line of seed.run)
      must(
        commands.includes(JSON.stringify(line).slice(1, -1)),
        `the line ${JSON.stringify(line)} is another`,
      );
    for (const name of seed.packages)
      must((config['packages'] ?? []).includes(name), `the package ${name} is another`);
    const [user] = (config['users'] ?? []) as Record<string, string>[];
    must(
      user !== undefined && (userData !== '' || user['name'] === (seed.user ?? guest.defaultUser)),
      'another user',
    );
    return 'same';
  },
});

function contentOf(file: Record<string, string>): Buffer {
  return Buffer.from(file['content'] ?? '', file['encoding'] === 'b64' ? 'base64' : 'utf8');
}
