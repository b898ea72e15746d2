import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// src/machine, dist/machine and the bundled command in dist/bin are equally deep below the package.
const packageRoot = new URL('../../', import.meta.url);

/** The guest agent's program, made by the build. */
export function agentProgram(): string {
  return fileURLToPath(new URL('dist/guest-agent/vmlet-agent', packageRoot));
}

/** The agent alone in an archive that can follow any initramfs, at `/.vmlet-agent`; made by the build. */
export function agentArchive(): string {
  return fileURLToPath(new URL('dist/guest-agent/agent.cpio', packageRoot));
}

/** The images that vmlet knows how to get. */
export function catalogueFile(): string {
  return fileURLToPath(new URL('src/images/catalogue/catalogue.yaml', packageRoot));
}

/** vmlet's command, made by the build. */
export function commandProgram(): string {
  return fileURLToPath(new URL('dist/bin/vmlet.js', packageRoot));
}

let version: string | undefined;

/** vmlet's own version. Each fork is compared with it, so that it is read once. */
export function packageVersion(): string {
  version ??= readVersion();
  return version;
}

function readVersion(): string {
  const text = readFileSync(new URL('package.json', packageRoot), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
