import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import type { BuiltImage, ImageBuildOptions, ImageProgress, ImageStore, PullPolicy } from '../../index.ts';
import { ImageNews } from '../output/image-news.ts';
import { PrintableText } from '../output/printable.ts';
import { choice, collect, durationMs, guestEnvironment, wholeNumber } from '../flags/flag-values.ts';
import { flagOf, nameFlag } from '../flags/option-flags.ts';
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
  readonly bootTimeout?: number;
  readonly pull?: string;
  readonly kernel?: string;
  readonly busybox?: string;
  readonly modules?: string;
}

/** Flags that apply to each of the three ways to build. */
const FLAGS = {
  micro: ['kernel', 'modules', 'busybox'],
  packages: ['include', 'run', 'output', 'size', 'mirror', 'key'],
  layer: ['from', 'include', 'run', 'output', 'size', 'env', 'memory', 'cpus', 'bootTimeout', 'pull'],
} as const;
const ALWAYS: readonly string[] = ['cache', 'json', 'quiet'];

export function imageBuildCommand(): Command {
  const command = new Command('build')
    .summary('build an image from packages, or by running scripts in another image')
    .description(
      'Builds an image and prints its digest:\n' +
        '  DISTRIBUTION  installs packages into a new image, without root and\n' +
        '                without booting: debian, fedora, centos-stream, rocky or\n' +
        '                almalinux, with a release, as in debian:13\n' +
        '  --from IMAGE  boots IMAGE, installs packages and runs scripts in it, and\n' +
        '                saves the changes as a new image\n' +
        '  micro         builds the small Linux system that vmlet run micro boots\n' +
        'An identical earlier build is reused.',
    )
    .argument('[distribution]', 'such as debian:13, fedora:45 or micro')
    .option('--from <image>', 'image to start from; pulled if missing')
    .option('--include <packages>', 'additional packages, separated by commas', collectWords)
    .option(
      '--run <file>',
      'run this script or program of the host in the image as root; with several --run, in the given order',
      collect,
    )
    .option('-o, --output <name>', 'name of the new image; required except for micro')
    .option('--no-cache', 'do not reuse an identical earlier build')
    .option('-q, --quiet', 'print neither progress nor the output of scripts')
    .option('--json', 'print the image as JSON')
    .option(
      '--size <size>',
      'size of the new image’s disk (default: 10G; with --from, the disk size of that image)',
    )
    .option(
      '--mirror <url>',
      "for distributions: URL of the package mirror (default: the distribution's mirror; for debian on a Debian host, the mirror that apt uses on the host)",
    )
    .option(
      '--key <file>',
      "for distributions except debian: file with the public key to verify the packages (default: the distribution's key)",
    )
    .option(
      '-e, --env <name=value>',
      'with --from: environment variable for the scripts; NAME alone copies its value from the host',
      collect,
    )
    .option('-m, --memory <size>', 'with --from: memory of the guest that builds the image (default: 2G)')
    .option(
      '--cpus <n>',
      'with --from: virtual processors of the guest that builds the image (default: 1)',
      wholeNumber,
    )
    .option(
      '--boot-timeout <time>',
      'with --from: time limit for each boot of the guest that builds the image (default: 10m; 1h without KVM)',
      durationMs,
    )
    .addOption(
      choice('--pull <when>', 'with --from: when to pull the image (default: missing)', [
        'missing',
        'newer',
        'always',
        'never',
      ]),
    )
    .option(
      '--kernel <file>',
      "for micro: kernel file (default: the newest kernel package of the host's distribution)",
    )
    .option(
      '--modules <dir>',
      "with --kernel: directory with the kernel's modules, such as /lib/modules/RELEASE",
    )
    .option(
      '--busybox <file>',
      "for micro: statically linked busybox (default: the package of the host's distribution)",
    )
    .action(buildImage);
  nameFlag(command, 'diskSize', '--size');
  return nameFlag(command, 'name', '--output');
}

function collectWords(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, ...value.split(',').map((word) => word.trim())];
}

async function buildImage(distribution: string | undefined, flags: BuildFlags): Promise<void> {
  const way = wayOf(distribution, flags);
  refuseOthers(way, distribution, flags);
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
    throw new InvalidInputError('from', `cannot be used together with ${distribution}`, {
      hint: `leave out ${distribution} or --from; to add packages to the image of --from, use --include`,
    });
  }
  if (from !== undefined) return 'layer';
  if (distribution === undefined) {
    throw new InvalidInputError('distribution', 'missing', {
      hint: 'give a distribution or --from, for example: vmlet image build debian:13 --include nginx -o web, or: vmlet image build --from IMAGE --run SCRIPT -o web',
    });
  }
  return distribution === 'micro' ? 'micro' : 'packages';
}

function refuseOthers(way: keyof typeof FLAGS, distribution: string | undefined, flags: BuildFlags): void {
  const source = distribution ?? '--from';
  const meant: readonly string[] = FLAGS[way];
  const others = meant.map(flagOf).filter((flag) => flag !== source);
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || ALWAYS.includes(name) || meant.includes(name)) continue;
    throw new InvalidInputError(flagOf(name), `cannot be used together with ${source}`, {
      hint: `leave out ${flagOf(name)}; options for ${source}: ${others.join(', ')}`,
    });
  }
}

function commonOptions(flags: BuildFlags, log: BuildLog, signal: AbortSignal): ImageBuildOptions {
  return {
    // The library rejects a missing name, after it has checked everything else.
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
  { from = '', include, run = [], size, env, memory, cpus, bootTimeout, pull }: BuildFlags,
  common: ImageBuildOptions,
): Promise<BuiltImage> {
  return store.buildLayer({
    ...common,
    ...{ from, include, size, memory, cpus, timeoutMs: bootTimeout },
    run: run.map((path) => ({ path })),
    env: guestEnvironment(env),
    // The flag accepts only these words.
    pull: pull as PullPolicy | undefined,
  });
}

async function buildMicro(store: ImageStore, flags: BuildFlags, log: BuildLog, signal: AbortSignal) {
  const { kernel, modules, busybox, cache } = flags;
  return store.buildMicro({
    cache,
    ...(kernel !== undefined && { kernel }),
    ...(modules !== undefined && { modules }),
    ...(busybox !== undefined && { busybox }),
    signal,
    onProgress: (news) => log.report({ image: 'micro', ...news }),
  });
}

/** Prints progress and the output of scripts to stderr. */
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
        ? `${news.image}: reusing an identical earlier build; to build it again, use --no-cache`
        : `${news.script}: reusing the result of an identical earlier run`,
    );
  }

  print(line: string): void {
    // Prints only the last version of a line that a program overwrites.
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
