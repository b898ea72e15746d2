import { run } from '../../process/run.ts';

const PATIENCE_MS = 20_000;

/** Features that swtpm reports. */
export interface SwtpmFeatures {
  readonly path: string;
  readonly version: string | undefined;
  readonly hasTpm2: boolean;
  /** It accepts an inherited connection. */
  readonly hasClientFd: boolean;
  readonly hasSeccomp: boolean;
}

/** Probes the features of swtpm. */
export async function probeSwtpm(path: string, signal: AbortSignal | undefined): Promise<SwtpmFeatures> {
  const options = { signal, timeoutMs: PATIENCE_MS, environment: {} };
  const [help, version] = await Promise.all([
    run([path, 'socket', '--help'], options),
    run([path, '--version'], options),
  ]);
  const text = help.stdout.toString('utf8') + help.stderr;
  return {
    path,
    version: /version (\d[\w.]*)/.exec(version.stdout.toString('utf8') + version.stderr)?.[1],
    hasTpm2: /^\s*--tpm2\b/m.test(text),
    hasClientFd: /\bclientfd=/.test(text),
    hasSeccomp: /^\s*--seccomp\b/m.test(text),
  };
}
