import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import { type Findings, together } from '../section.ts';
import { counted } from './counted.ts';

/** The page that gives a reason for each dependency. */
const DEPENDENCIES_PAGE = 'docs/decisions/001-dependencies.md';

const KIND = 'packages: digests, licences and their texts, reasons, list of components (SPDX)';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly peer?: boolean;
}

/** Packages that npm installs for the development of vmlet, and with vmlet. */
export async function dependencies(
  root: string,
  options: { readonly askRegistry: boolean },
): Promise<Findings> {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };
  const all = Object.entries(lock.packages).filter(([folder]) => folder !== '');
  const installed = all.filter(([, { dev, devOptional, peer }]) => !dev && !devOptional && !peer);
  const listed = together([
    counted('packages in the lockfile with a digest', all, ([folder, { integrity, resolved, link }]) => {
      if (link === true || /^(git|http:|file:)/.test(resolved ?? ''))
        return `${folder} is not from a registry`;
      return /^sha512-/.test(integrity ?? '') ? undefined : `${folder} has no SHA-512 in the lockfile`;
    }),
    await licences(
      root,
      installed.map(([folder]) => folder),
    ),
    await bundledWithTheirLicences(root),
    withReason(root),
    await listedAsComponents(root, installed),
  ]);
  return together([
    { ...listed, counts: listed.counts.map((count) => ({ ...count, kind: KIND })) },
    ...(options.askRegistry ? [await knownVulnerabilities(root, all.length)] : []),
  ]);
}

async function licences(root: string, folders: readonly string[]): Promise<Findings> {
  const { stderr } = await execa('node', ['scripts/check/licences.mjs'], { cwd: root, reject: false });
  const refused = stderr.split('\n').filter((line) => line !== '');
  return counted('packages that come with vmlet, each under an allowed licence', folders, (folder) =>
    refused.find((line) => line.startsWith(`${folder}: `)),
  );
}

/** esbuild lists the packages in the command again; the build’s own list is not trusted. */
async function bundledWithTheirLicences(root: string): Promise<Findings> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/bin/vmlet.ts', 'src/cli/main.ts'],
    outdir: 'never-written',
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    external: ['openpgp'],
    logLevel: 'error',
  });
  const folders = new Set(
    Object.values(metafile.outputs)
      .flatMap(({ inputs }) => Object.keys(inputs))
      .map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0])
      .filter((folder) => folder !== undefined),
  );
  const texts = readFileSync(join(root, 'dist/bin/THIRD-PARTY.txt'), 'utf8');
  return counted('packages in the command, each with its licence text', [...folders], (folder) => {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
    };
    return texts.includes(`\n${name} ${version} (`)
      ? undefined
      : `dist/bin/THIRD-PARTY.txt lacks ${name} ${version}`;
  });
}

function withReason(root: string): Findings {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>;
  };
  const page = readFileSync(join(root, DEPENDENCIES_PAGE), 'utf8');
  return counted(
    'dependencies with a documented reason, at one exact version',
    Object.entries(dependencies),
    ([name, version]) => {
      if (!/^\d+\.\d+\.\d+$/.test(version)) return `${name} is not pinned: ${version}`;
      return new RegExp(`^\\| ${name} +\\| \\S`, 'm').test(page)
        ? undefined
        : `${DEPENDENCIES_PAGE} does not give a reason for ${name}`;
    },
  );
}

async function listedAsComponents(
  root: string,
  installed: readonly (readonly [string, LockedPackage])[],
): Promise<Findings> {
  const { stdout } = await execa('node', ['scripts/build/components.mjs'], { cwd: root });
  const { packages } = JSON.parse(stdout) as {
    packages: readonly { packageFileName: string; versionInfo: string; checksums?: readonly unknown[] }[];
  };
  return counted(
    'packages in the list of components (SPDX), with their digests',
    installed,
    ([folder, { version }]) => {
      const listed = packages.find((one) => one.packageFileName === folder && one.versionInfo === version);
      return (listed?.checksums ?? []).length > 0
        ? undefined
        : `the list of components lacks ${folder} ${version}`;
    },
  );
}

async function knownVulnerabilities(root: string, packages: number): Promise<Findings> {
  const { stdout } = await execa('npm', ['audit', '--json', '--fetch-retries=0'], {
    cwd: root,
    reject: false,
  });
  const report = JSON.parse(stdout) as {
    auditReportVersion?: number;
    vulnerabilities?: Readonly<Record<string, unknown>>;
  };
  const what = 'packages without a known vulnerability (npm audit)';
  if (report.auditReportVersion === undefined) {
    const note = 'not run: this registry has no audit; scripts/release requires it';
    return { counts: [{ what, tried: 0, held: 0, note }], faults: [] };
  }
  const bad = Object.keys(report.vulnerabilities ?? {});
  return {
    counts: [{ what, tried: packages, held: packages - bad.length }],
    faults: bad.map((name) => `npm audit knows a vulnerability of ${name}`),
  };
}
