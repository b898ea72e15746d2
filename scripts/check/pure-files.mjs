// The pure core: files that use no files, sockets and programs, which .dependency-cruiser.cjs checks, and that the unit
// tests alone prove (stryker.config.mjs).
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

const folders = {
  'src/cli/flags': ['flag-values'],
  'src/cli/output': ['duration'],
  'src/guest/agent': ['agent-frame', 'fields', 'input', 'output'],
  'src/images/formats': ['cpio'],
  'src/images/qemu-img': ['disk-size', 'option-value'],
  'src/machine/life': ['advice', 'dead-kernel', 'outcome', 'out-of-space'],
  'src/machine/network': ['hosts-text', 'network-place'],
  'src/machine/plan': ['board', 'descriptors', 'plan'],
  // The others ask QEMU.
  'src/machine/qemu': allBut('embedded-machine', 'guest-ports', 'root-port'),
  'src/machine/screen': ['key-names', 'keys'],
  'src/machine/share': ['share', 'virtiofsd-argv'],
  // It looks for the file of a disk.
  'src/machine/spec': allBut('disk-spec'),
  'src/machine/survey': ['found-spec', 'plan-machine'],
  'src/network/bridge': ['bridge-conf'],
  'src/network/card': allBut(),
  'src/network/ethernet': [
    'dhcp-message',
    'dhcp-server',
    'ethernet-frame',
    'frame-stream',
    'subnet',
    'switch',
  ],
  'src/network/plan': allBut(),
  'src/network/ports': ['ip-address', 'pair-forwards', 'port', 'port-choices'],
  // It asks QEMU.
  'src/network/slirp': allBut('slirp-live'),
  'src/passt': ['passt-argv'],
  'src/qmp/protocol': ['protocol.gen'],
  'src/qmp/wire': ['framing', 'json-grammar', 'lossless-json'],
  'src/process/output': ['tail'],
  'src/public': ['format'],
  'src/util': allBut('package-file'),
  'src/util/options': allBut(),
  'src/util/system': allBut('signal-name', 'user-name'),
  'src/util/time': allBut('parent-watch'),
};

export const pureFiles = Object.entries(folders).flatMap(([folder, names]) => {
  const there = readdirSync(join(root, folder)).filter((name) => name.endsWith('.ts'));
  const named = (names.others ?? names).map((name) => `${name}.ts`);
  // A renamed file would be checked by nothing.
  const gone = named.filter((name, at) => !there.includes(name) || named.indexOf(name) !== at);
  if (gone.length > 0)
    throw new Error(
      `scripts/check/pure-files.mjs: ${folder} has no ${gone.join(', ')}, or it is named twice`,
    );
  const pure = names.others === undefined ? named : there.filter((name) => !named.includes(name));
  return pure.map((name) => `${folder}/${name}`);
});

function allBut(...others) {
  return { others };
}
