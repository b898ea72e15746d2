import type * as YamlModule from 'yaml';
import { InvalidInputError } from '../../errors/index.ts';
import { BOOT_COMMAND, bootFiles } from './agent-files.ts';
import { cloudConfig } from './cloud-config.ts';
import { type UserCloudConfig, mergeCloudConfigs, parseUserCloudConfig } from './merge.ts';
import { multipartUserData } from './multipart.ts';
import { needsNetworkEarly } from './network-need.ts';
import { networkConfig } from './network-config.ts';
import type { Seed } from './seed-options.ts';
import type { SeedTarget } from './target.ts';
import { yamlText } from './yaml-text.ts';
import { type UserDataKind, userDataKind } from './user-data-kind.ts';

interface UserData {
  readonly text: string;
  readonly kind: UserDataKind;
  /** Only for the kind `cloud-config`. */
  readonly config: UserCloudConfig | undefined;
}

/**
 * Creates the files of a NoCloud seed, named as on a file system labeled by `seedLabel`. On Linux, the agent is installed
 * at every boot and started before the network, unless the user's own user-data needs the network first (an `#include`,
 * a `bootcmd`, …).
 * @throws InvalidInputError for user-data that is invalid, or that the guest's provisioner does not support.
 */
export async function makeSeed(seed: Seed, target: SeedTarget): Promise<Map<string, Uint8Array>> {
  // Parsing YAML needs a library that the rest of a start does not.
  const yaml = await import('yaml');
  const userData = seed.userData === undefined ? undefined : readUserData(yaml, seed.userData);
  const waited =
    target.macAddress !== undefined &&
    userData !== undefined &&
    needsNetworkEarly(userData.kind, userData.config?.value);
  // When a user-defined network is complete, only the user knows.
  const guarded = target.provisioner === 'cloud-init' && !waited && seed.network === 'dhcp';
  const files = bootFiles(target.agent, guarded);
  const text = (value: Record<string, unknown>) =>
    Buffer.from(yamlText(yaml, new yaml.Document(value, { version: '1.1' })));
  const network = networkConfig(seed, target);
  return new Map<string, Uint8Array>([
    ['meta-data', text(metaData(seed, target, waited))],
    ['user-data', Buffer.from(mergedUserData(yaml, seed, target, userData, files.has('vmlet-boot')))],
    ...(network === undefined ? [] : [['network-config', text(network)] as const]),
    ...files,
  ]);
}

/** Returns the label of the seed's file system. FreeBSD expects lower case; all others accept both. */
export function seedLabel(provisioner: SeedTarget['provisioner']): string {
  return provisioner === 'nuageinit' ? 'cidata' : 'CIDATA';
}

function metaData(seed: Seed, target: SeedTarget, waited: boolean): Record<string, unknown> {
  return {
    'instance-id': target.instanceId,
    'local-hostname': seed.hostname ?? target.hostname,
    // Everything before the network stage then runs before the network is even configured.
    ...(target.provisioner === 'cloud-init' && !waited && { dsmode: 'local' }),
    ...(target.provisioner === 'tiny-cloud' &&
      seed.sshKeys.length > 0 && { 'public-keys': [...seed.sshKeys] }),
  };
}

function readUserData(yaml: typeof YamlModule, text: string): UserData {
  const kind = userDataKind(text);
  const config = kind === 'cloud-config' ? parseUserCloudConfig(yaml, text) : undefined;
  return { text: text.trimStart(), kind, config };
}

function mergedUserData(
  yaml: typeof YamlModule,
  seed: Seed,
  target: SeedTarget,
  userData: UserData | undefined,
  boots: boolean,
): string {
  const bootCommand = boots ? BOOT_COMMAND : undefined;
  const ours = cloudConfig(seed, target, bootCommand);
  if (!userData || userData.config) return mergeCloudConfigs(yaml, ours, userData?.config);
  if (target.provisioner === 'cloud-init') {
    return multipartUserData(mergeCloudConfigs(yaml, ours, undefined), userData.text, userData.kind);
  }
  throw new InvalidInputError(
    'userData',
    `this image has ${target.provisioner} instead of cloud-init; ${target.provisioner} supports only #cloud-config, but this user-data is of the kind ${userData.kind}`,
    {
      hint: 'write the user-data as #cloud-config, or use --firstboot-command and --file (in the library: run and files)',
    },
  );
}
