import { Command } from 'commander';
import { InvalidInputError } from '../errors.ts';
import { ProgressLine, describeImageProgress } from './progress.ts';
import { untilInterrupted } from './until-interrupted.ts';

interface BuildFlags {
  readonly kernel?: string;
  readonly busybox?: string;
  readonly modules?: string;
}

export function imageBuildCommand(): Command {
  return new Command('build')
    .description('build an image; "micro" is the small Linux that run uses')
    .argument('<name>', 'micro')
    .option('--kernel <file>', 'take this kernel instead of the newest one of the distribution')
    .option('--modules <dir>', "that kernel's modules, as in /lib/modules/RELEASE")
    .option('--busybox <file>', 'take this statically linked busybox')
    .action(buildImage);
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
