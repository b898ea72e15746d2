import { Command } from 'commander';
import { InvalidInputError } from '../errors.ts';
import { ProgressLine, describeImageProgress } from './progress.ts';
import { table } from './table.ts';
import { untilInterrupted } from './until-interrupted.ts';

interface BuildFlags {
  readonly kernel?: string;
  readonly busybox?: string;
  readonly modules?: string;
}

export function imageCommand(): Command {
  const image = new Command('image').description('The images that guests boot from.');
  image
    .command('build <name>')
    .description('build an image; "micro" is the small Linux that run uses')
    .option('--kernel <file>', 'take this kernel instead of the newest one of the distribution')
    .option('--modules <dir>', "that kernel's modules, as in /lib/modules/RELEASE")
    .option('--busybox <file>', 'take this statically linked busybox')
    .action(buildImage);
  image.command('ls').description('list the images').option('--json', 'print JSON').action(listTheImages);
  image.command('rm <images...>').description('remove images').action(removeImages);
  return image;
}

async function buildImage(name: string, flags: BuildFlags): Promise<void> {
  if (name !== 'micro') {
    throw new InvalidInputError('image', `there is no recipe for ${JSON.stringify(name)}`, {
      hint: 'The only one is micro.',
    });
  }
  const { ImageStore } = await import('../index.ts');
  const progress = new ProgressLine();
  try {
    const image = await untilInterrupted(async (signal) =>
      new ImageStore().buildMicro({
        ...flags,
        signal,
        onProgress: (news) => progress.show(describeImageProgress({ image: name, ...news })),
      }),
    );
    progress.clear();
    process.stdout.write(`sha256:${image.digest}\n`);
  } finally {
    progress.clear();
  }
}

async function listTheImages(flags: { readonly json?: boolean }): Promise<void> {
  const { ImageStore } = await import('../index.ts');
  const { images, broken } = await new ImageStore().list();
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify({ version: 1, images, broken }, null, 2)}\n`);
    return;
  }
  const rows = images.map((image) => [
    image.names.join(' ') || '<none>',
    image.digest.slice(0, 12),
    image.kind === 'kernel' ? image.kernelRelease : image.origin.kind,
    `${(image.bytes / 1024 ** 2).toFixed(0)} MiB`,
    image.createdAt.toISOString().slice(0, 16).replace('T', ' '),
  ]);
  process.stdout.write(table([['NAME', 'DIGEST', 'KERNEL', 'SIZE', 'CREATED'], ...rows]));
  for (const { path, reason } of broken) process.stderr.write(`vmlet: ${path}: ${reason}\n`);
}

async function removeImages(names: string[]): Promise<void> {
  const { ImageStore } = await import('../index.ts');
  const store = new ImageStore();
  for (const name of names) {
    await untilInterrupted(async (signal) => store.remove(name, { signal }));
    process.stdout.write(`${name}\n`);
  }
}
