import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Findings, together } from '../section.ts';
import { counted } from './counted.ts';

const BELONGS =
  /^(dist\/.*\.(js|d\.ts)|dist\/bin\/(THIRD-PARTY\.txt|package\.json|(foreground|main|pooled|execa|yaml)\.cjs)|dist\/openapi\.json|dist\/page\/(index\.html|THIRD-PARTY\.txt|assets\/[\w-]+\.(css|svg))|dist\/guest-agent\/vmlet-agent|dist\/keeper\/vmlet-keeper|dist\/man\/vmlet[a-z-]*\.1|dist\/confine-program\/vmlet-confine|dist\/network-switch\/vmlet-(switch|plug)|dist\/relay\/vmlet-relay|native\/(agent|keeper|confine|plug|relay|shared|switch)\/(\w+\/)?(\w+\.[ch]|Makefile|\w+\.md)|native\/static-program\.mk|native\/kvm-proof\/.*|src\/(images\/(build|catalogue)|cli\/completion\/scripts)\/.*|package\.json|LICENSE|NOTICE|((src|native)\/([\w-]+\/)*)?README\.md|docs\/([\w-]+\.md|ui\.png)|(CHANGELOG|SECURITY)\.md)$/;

interface Packed {
  readonly file: string;
  readonly entries: readonly string[];
}

/** The package: its contents, and that every build of the same commit has the same bytes. */
export async function published(
  root: string,
  directory: string,
  options: { readonly buildAnew: boolean; readonly signal: AbortSignal | undefined },
): Promise<Findings> {
  const packed = await pack(root, join(directory, 'as-it-is'));
  const files = counted(
    'files in the package: each belongs there, and none names a folder of the build host',
    packed.entries,
    (path) => {
      if (!BELONGS.test(path)) return `the package has ${path}`;
      return readFileSync(join(root, path)).includes(`${root}/`) ? `${path} names ${root}` : undefined;
    },
  );
  if (!options.buildAnew) {
    const again = await pack(root, join(directory, 'again'));
    return together([files, same('packages packed twice, of the same bytes', [packed, again])]);
  }
  const built: Packed[] = [];
  for (const name of ['first', 'second-in-a-folder-of-another-name']) {
    const clone = join(directory, name);
    options.signal?.throwIfAborted();
    await execa('git', ['clone', '--quiet', root, clone]);
    await execa('npm', ['ci', '--ignore-scripts', '--prefer-offline'], { cwd: clone });
    options.signal?.throwIfAborted();
    await execa('npm', ['run', 'build'], { cwd: clone });
    built.push(await pack(clone, join(directory, `${name}.packed`)));
  }
  const what =
    'packages of this commit, each installed without install scripts, built and packed separately: the same bytes';
  return together([files, same(what, built)]);
}

async function pack(root: string, destination: string): Promise<Packed> {
  mkdirSync(destination, { recursive: true });
  const { stdout } = await execa(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', destination],
    {
      cwd: root,
    },
  );
  // npm 10 prints an array, npm 11 an object by name.
  const [report] = Object.values(
    JSON.parse(stdout) as Record<string, { filename: string; files: { path: string }[] }>,
  );
  if (report === undefined) throw new Error(`npm pack said nothing of what it packed: ${stdout}`);
  return { file: join(destination, report.filename), entries: report.files.map(({ path }) => path) };
}

function same(what: string, packages: readonly Packed[]): Findings {
  const digests = packages.map(({ file }) => createHash('sha256').update(readFileSync(file)).digest('hex'));
  return counted(
    what,
    digests,
    (digest) => (digest === digests[0] ? undefined : `one package is ${digest}, another ${digests[0]}`),
    { note: `sha256 ${digests[0]?.slice(0, 16)}…` },
  );
}
