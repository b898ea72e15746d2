import { readFileSync } from 'node:fs';
import { packageFile } from '../../util/package-file.ts';

/** Path of the guest agent's program, created by the build. */
export function agentProgram(): string {
  return packageFile('dist/guest-agent/vmlet-agent');
}

/** Path of the built-in image catalogue. */
export function catalogueFile(): string {
  return packageFile('src/images/catalogue/catalogue.yaml');
}

/** Path of the vmlet command, created by the build. */
export function commandProgram(): string {
  return packageFile('dist/bin/vmlet.js');
}

let version: string | undefined;

/** vmlet's version. Read once, because each fork is compared with it. */
export function packageVersion(): string {
  version ??= readVersion();
  return version;
}

function readVersion(): string {
  const text = readFileSync(packageFile('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
