import { readFileSync } from 'node:fs';
import { packageFile } from '../../util/package-file.ts';

/** The guest agent's program, made by the build. */
export function agentProgram(): string {
  return packageFile('dist/guest-agent/vmlet-agent');
}

/** The agent alone in an archive that can follow any initramfs, at `/.vmlet-agent`; made by the build. */
export function agentArchive(): string {
  return packageFile('dist/guest-agent/agent.cpio');
}

/** The images that vmlet knows how to get. */
export function catalogueFile(): string {
  return packageFile('src/images/catalogue/catalogue.yaml');
}

/** vmlet's command, made by the build. */
export function commandProgram(): string {
  return packageFile('dist/bin/vmlet.js');
}

let version: string | undefined;

/** vmlet's own version. Each fork is compared with it, so that it is read once. */
export function packageVersion(): string {
  version ??= readVersion();
  return version;
}

function readVersion(): string {
  const text = readFileSync(packageFile('package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
