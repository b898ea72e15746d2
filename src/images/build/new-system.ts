import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandFailedError, ImageBuildError } from '../../errors/index.ts';
import { startHelper } from '../../process/helper.ts';
import { MAY_GAIN_PRIVILEGES } from '../../process/confine/tether.ts';
import {
  fileSystemTable,
  findRoot,
  grubConfiguration,
  hostNames,
  kernelParameters,
} from './disk/boot-configuration.ts';
import { hostProxies } from './packages/host-proxies.ts';
import { installFailure } from './problems/install-failure.ts';
import { type InstallListener, InstallOutput } from './problems/install-output.ts';
import { BUILD_FOLDER, FILES_VARIABLE, TOKEN_VARIABLE } from './recipe/package-installer.ts';
import { inNamespace } from '../packages/namespace.ts';
import type { SettledRecipe } from './recipe/package-installer.ts';

export interface NewSystemOptions extends InstallListener {
  /** A directory for the system and for temporary files. */
  readonly work: string;
  /** UUID of the root file system. */
  readonly rootId: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Installs the system of a recipe into a directory.
 * @returns the directory. Its files belong to the namespace's root, which is this user outside of it.
 * @throws ImageBuildError, NoSpaceError, PermissionError, the signal's reason.
 */
export async function installSystem(recipe: SettledRecipe, options: NewSystemOptions): Promise<string> {
  const { work, signal } = options;
  const [files, temporary, root] = ['files', 'tmp', 'root'].map((name) => join(work, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(temporary);
  await writeTree(files, systemFiles(recipe, options.rootId));
  const command = await recipe.installer.command(recipe, { work, files, root, signal });
  const token = `vmlet-${randomUUID()}`;
  const environment = {
    PATH: `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`,
    LC_ALL: 'C.UTF-8',
    TMPDIR: temporary,
    ...(await hostProxies(signal)),
    [FILES_VARIABLE]: files,
    [TOKEN_VARIABLE]: token,
  };
  const output = new InstallOutput(token, options);
  await runToEnd(command, environment, output, recipe, signal);
  return root;
}

/**
 * The first process of the namespace: when it ends, so does everything else in it. The installer's output is one
 * stream, so that lines stay in the order in which they were printed. The parent-death signal does not work across a
 * user namespace, so end of file on descriptor 3 shows that the launcher has ended.
 */
const SUPERVISE =
  '"$@" 2>&1 3<&- & installer=$!; { read -r _; kill -KILL $installer; } <&3 >/dev/null 2>&1 & wait $installer';

async function runToEnd(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  output: InstallOutput,
  recipe: SettledRecipe,
  signal: AbortSignal | undefined,
): Promise<void> {
  const command = inNamespace(['sh', '-c', SUPERVISE, 'sh', ...argv]);
  const { child, ended } = await startHelper(
    command,
    { environment, descriptors: ['pipe'], confinement: MAY_GAIN_PRIVILEGES, signal },
    { buffer: false },
  );
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  // Also after an abort: the directory can be removed only when no process uses it.
  const { exitCode, signal: endedBy } = await ended;
  signal?.throwIfAborted();
  if (exitCode === 0) return;
  const failed = new CommandFailedError(command, { exitCode, signal: endedBy }, '');
  const script = output.ended;
  if (script === undefined || script.status === 0)
    throw installFailure(output.tools.last(200), failed, recipe.installer);
  throw scriptFailure(recipe.scripts[script.index]?.name ?? 'the script', script.status, output, failed);
}

function scriptFailure(
  name: string,
  status: number,
  { scriptOutput }: InstallOutput,
  failed: CommandFailedError,
): ImageBuildError {
  const lines = scriptOutput.last(20).filter((line) => line.trim() !== '');
  const output = lines.length === 0 ? 'no output' : 'last output:';
  return new ImageBuildError(`${name} exited with status ${status} in the new system; ${output}`, {
    lines,
    cause: new CommandFailedError(failed.argv, failed.status, lines.join('\n')),
  });
}

/** The files to add to the new system, by path. */
function systemFiles(recipe: SettledRecipe, rootId: string): ReadonlyMap<string, string | Buffer> {
  const { installer, release } = recipe;
  const files = new Map<string, string | Buffer>([
    ['etc/fstab', fileSystemTable(rootId)],
    ['etc/hostname', `${release.distribution}\n`],
    ['etc/hosts', hostNames(release.distribution)],
    ['etc/kernel/cmdline', `${kernelParameters(rootId)}\n`],
    [`${installer.grubFolder}/grub.cfg`, grubConfiguration(rootId, release.title)],
    ['usr/local/sbin/vmlet-agent', recipe.agent],
    [`${BUILD_FOLDER}/find-root.cfg`, findRoot(rootId, installer.grubFolder)],
  ]);
  for (const { path, content } of recipe.files) {
    files.set(path.startsWith('root/') ? path.slice('root/'.length) : `${BUILD_FOLDER}/${path}`, content);
  }
  recipe.scripts.forEach(({ content }, index) => files.set(`${BUILD_FOLDER}/scripts/${index}`, content));
  return files;
}

async function writeTree(directory: string, files: ReadonlyMap<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of files) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}
