import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { BuiltImage, ImageBuildOptions, ImageProgress, ImageStore, PullPolicy } from '../../index.ts';
import { ImageNews } from '../output/image-news.ts';
import { PrintableText } from '../output/printable.ts';
import { choice, collect, guestEnvironment, wholeNumber } from '../flags/flag-values.ts';
import { nameFlag } from '../flags/option-flags.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLine } from '../output/say.ts';

interface BuildFlags {
  readonly from?: string;
  readonly include?: readonly string[];
  readonly run?: readonly string[];
  readonly output?: string;
  readonly cache: boolean;
  readonly json?: true;
  readonly quiet?: true;
  readonly size?: string;
  readonly mirror?: string;
  readonly key?: string;
  readonly env?: readonly string[];
  readonly memory?: string;
  readonly cpus?: number;
  readonly pull?: string;
  readonly kernel?: string;
  readonly busybox?: string;
  readonly modules?: string;
}

/** Which flags say something about what is built in which of the three ways. */
const FLAGS = {
  micro: ['kernel', 'modules', 'busybox'],
  packages: ['include', 'run', 'output', 'size', 'mirror', 'key'],
  layer: ['from', 'include', 'run', 'output', 'size', 'env', 'memory', 'cpus', 'pull'],
} as const;
const ALWAYS: readonly string[] = ['cache', 'json', 'quiet'];

export function imageBuildCommand(): Command {
  const command = new Command('build')
    .summary('build an image of packages, or by scripts in another')
    .description(
      'Builds an image and prints its digest. Three ways:\n' +
        '  debian:13     of packages, without root and without booting it: debian,\n' +
        '                fedora, centos-stream, rocky and almalinux, of the releases that\n' +
        '                pull has\n' +
        '  --from IMAGE  boots an image for each script, and keeps what has changed as\n' +
        '                another image\n' +
        '  micro         the small Linux that run uses\n' +
        'What was built of the same before is taken as it is.',
    )
    .argument('[distribution]', 'such as debian:13, fedora:45 or micro')
    .option('--from <image>', 'change this image by scripts instead; it is pulled where it is not there')
    .option('--include <packages>', 'install these packages too, separated by commas', collectWords)
    .option('--run <file>', 'run this program as root; several in order', collect)
    .option('-o, --output <name>', 'what the image is called')
    .option('--no-cache', 'build it even where it was built of the same before')
    .option('-q, --quiet', 'do not tell of the progress, nor pass on what scripts print')
    .option('--json', 'print the image as JSON')
    .option('--size <size>', 'what the guest sees of the disk (default: 10G, or that of --from)')
    .option(
      '--mirror <url>',
      "packages: where they come from (default: the distribution's, or the host's apt's)",
    )
    .option('--key <file>', 'packages: who signs them, where that is not the distribution; not for debian')
    .option('-e, --env <name=value>', '--from: a variable for the scripts; NAME alone: as here', collect)
    .option('-m, --memory <size>', '--from: memory of the machine (default: 2G)')
    .option('--cpus <n>', '--from: its virtual processors (default: 1)', wholeNumber)
    .addOption(
      choice('--pull <when>', '--from: look the image up (default: missing)', [
        'missing',
        'newer',
        'always',
        'never',
      ]),
    )
    .option('--kernel <file>', 'micro: take this kernel instead of the newest one of the distribution')
    .option('--modules <dir>', "micro: that kernel's modules, as in /lib/modules/RELEASE")
    .option('--busybox <file>', 'micro: take this statically linked busybox')
    .action(buildImage);
  nameFlag(command, 'diskSize', '--size');
  return nameFlag(command, 'name', '--output');
}

function collectWords(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, ...value.split(',').map((word) => word.trim())];
}

async function buildImage(distribution: string | undefined, flags: BuildFlags): Promise<void> {
  const way = wayOf(distribution, flags);
  refuseOthers(way, flags);
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  const log = new BuildLog(flags.quiet ?? false);
  try {
    const image = await untilInterrupted(async (signal) => {
      if (way === 'micro') return buildMicro(store, flags, log, signal);
      const common = commonOptions(flags, log, signal);
      const built = await (way === 'layer'
        ? buildLayer(store, flags, common)
        : buildPackages(store, distribution ?? '', flags, common));
      return built.image;
    });
    log.end();
    if (flags.json) printJson({ version: 1, image });
    else printLine(`sha256:${image.digest}`);
  } finally {
    log.end();
  }
}

function wayOf(distribution: string | undefined, { from }: BuildFlags): keyof typeof FLAGS {
  if (distribution !== undefined && from !== undefined) {
    throw new InvalidInputError('from', `is another image to begin with than ${distribution}`, {
      hint: `leave out one of the two: with --from, packages are added by --include`,
    });
  }
  if (from !== undefined) return 'layer';
  if (distribution === undefined) {
    throw new InvalidInputError('distribution', 'there is nothing to build from', {
      hint: 'for example: vmlet image build debian:13 --include nginx -o web, or --from IMAGE --run SCRIPT -o web',
    });
  }
  return distribution === 'micro' ? 'micro' : 'packages';
}

function refuseOthers(way: keyof typeof FLAGS, flags: BuildFlags): void {
  const meant: readonly string[] = FLAGS[way];
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || ALWAYS.includes(name) || meant.includes(name)) continue;
    const what = { micro: 'micro', packages: 'an image of packages', layer: 'an image made by --from' }[way];
    throw new InvalidInputError(`--${name}`, `says nothing about ${what}`, {
      hint: `flags that do: ${meant.map((flag) => `--${flag}`).join(', ')}`,
    });
  }
}

function commonOptions(flags: BuildFlags, log: BuildLog, signal: AbortSignal): ImageBuildOptions {
  return {
    // The library refuses what has no name; after what is wrong with the rest, which is said first.
    name: flags.output ?? '',
    cache: flags.cache,
    onProgress: (news) => log.report(news),
    onOutput: (line) => log.print(line),
    signal,
  };
}

async function buildPackages(
  store: ImageStore,
  distribution: string,
  { include, run = [], size, mirror, key }: BuildFlags,
  common: ImageBuildOptions,
): Promise<BuiltImage> {
  return store.build({
    ...common,
    distribution,
    include,
    run: run.map((path) => ({ path })),
    size,
    mirror,
    key,
  });
}

async function buildLayer(
  store: ImageStore,
  { from = '', include, run = [], size, env, memory, cpus, pull }: BuildFlags,
  common: ImageBuildOptions,
): Promise<BuiltImage> {
  return store.buildLayer({
    ...common,
    ...{ from, include, size, memory, cpus },
    run: run.map((path) => ({ path })),
    env: guestEnvironment(env),
    // Which words there are is for the library to say.
    pull: pull as PullPolicy | undefined,
  });
}

async function buildMicro(store: ImageStore, flags: BuildFlags, log: BuildLog, signal: AbortSignal) {
  const { kernel, modules, busybox } = flags;
  return store.buildMicro({
    ...(kernel !== undefined && { kernel }),
    ...(modules !== undefined && { modules }),
    ...(busybox !== undefined && { busybox }),
    signal,
    onProgress: (news) => log.report({ image: 'micro', ...news }),
  });
}

/** On stderr: what is done, and what scripts print. */
class BuildLog {
  readonly #quiet: boolean;
  readonly #news: ImageNews;
  readonly #text = new PrintableText();

  constructor(quiet: boolean) {
    this.#quiet = quiet;
    this.#news = new ImageNews({ quiet });
  }

  report(news: ImageProgress): void {
    if (news.phase !== 'unchanged') return this.#news.show(news);
    if (this.#quiet) return;
    this.#news.clear();
    note(
      news.script === undefined
        ? `${news.image}: an identical earlier build is reused; to build it again: --no-cache`
        : `${news.script}: run on the same image before, and not run again`,
    );
  }

  print(line: string): void {
    // Of what a program has written over itself the last is what is left to see.
    const last = line.slice(line.lastIndexOf('\r', line.length - 2) + 1);
    this.#write(this.#text.push(Buffer.from(`${last}\n`)));
  }

  end(): void {
    this.#news.clear();
  }

  #write(text: string): void {
    if (this.#quiet) return;
    this.#news.clear();
    process.stderr.write(text);
  }
}
