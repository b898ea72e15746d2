import { isIP } from 'node:net';
import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import { FieldWriter, MountFlag, Operation, Tag } from './fields.ts';
import { nanoseconds } from './files.ts';

const address = z.string().refine((text) => isIP(text) !== 0, 'must be an IPv4 or IPv6 address');
const addressWithPrefix = z.string().refine((text) => {
  const [host = '', prefix = '', ...rest] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(host)] ?? -1;
  return rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits;
}, 'must be an IPv4 or IPv6 address with its prefix length, such as 10.0.2.15/24');

const hardwareAddress = z
  .string()
  .regex(
    /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i,
    'must be six hexadecimal bytes separated by colons, such as 52:54:00:12:34:56',
  );

const linkSchema = z.strictObject({
  /** MAC address by which the guest finds the link, such as 52:54:00:12:34:56. */
  mac: hardwareAddress,
  /**
   * New MAC address, for a link that now leads to another network, for example in a fork. The other settings here
   * replace all settings of the link; without any, it keeps its own. A link that a program of the guest manages, such as
   * networkd, goes down and up, and has its default route again when the request completes. The guest's external TCP
   * connections break. May equal the old address.
   */
  newMac: hardwareAddress
    .refine((text) => (Number.parseInt(text, 16) & 1) === 0, 'must not be a multicast address')
    .optional(),
  /** IPv4 and IPv6 addresses, each with its prefix. */
  addresses: z.array(addressWithPrefix).default([]),
  /** Default gateways, at most one per address family. */
  gateways: z.array(address).default([]),
  /** Name servers, for /etc/resolv.conf. */
  dns: z.array(address).default([]),
  /** Search domains for short names. */
  search: z.array(z.string().regex(/^[^\s\0]+$/)).default([]),
  /** In bytes; the driver's default if omitted. */
  mtu: z.int().min(68).max(65535).optional(),
});

const mountSchema = z.strictObject({
  /** Name of the virtiofs device, serial number of the disk, or options of tmpfs. */
  tag: z.string().min(1),
  kind: z.enum(['share', 'disk', 'memory']).default('share'),
  /** Absolute; created if it is missing. */
  path: z.string().startsWith('/'),
  readOnly: z.boolean().default(false),
  /** The guest forgets what it has cached of it before each command, since its files change on the host. */
  fresh: z.boolean().default(false),
});

const configurationSchema = z.strictObject({
  /** Makes the host's system, whose virtiofs device was plugged in, the root directory; only in `micro`. It comes first. */
  hostRoot: z.boolean().default(false),
  hostname: z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$/i,
      'must consist of at most 64 letters, digits, dots and hyphens, and begin and end with a letter or digit',
    )
    .optional(),
  /** For /etc/machine-id if the guest has one: 32 hexadecimal digits. Programs that have read the old one keep it. */
  machineId: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'must be 32 lower-case hexadecimal digits')
    .refine((text) => !/^0+$/.test(text), 'must not be all zeros')
    .optional(),
  /** Kernel modules, loaded in this order with their dependencies. They may be built in. */
  modules: z.array(z.string().regex(/^[\w-]+$/, 'must be the name of a kernel module')).default([]),
  network: z.array(linkSchema).default([]),
  /** Directories of the host, volumes and file systems in memory, mounted in this order. One that is mounted already is kept. */
  mounts: z.array(mountSchema).default([]),
  /** Serial numbers of disks to wait for, which may have been plugged in just now. */
  disks: z.array(z.string().min(1)).default([]),
  /** Milliseconds since 1970. */
  clockMs: z.number().nonnegative().optional(),
  /** 1 to 1024 random bytes; every bit is trusted. */
  entropy: z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be a Uint8Array').optional(),
});

/** Settings of a guest; all are optional. */
export type GuestConfiguration = z.input<typeof configurationSchema>;

/** @throws InvalidInputError that names the field. */
export function encodeConfiguration(configuration: GuestConfiguration): Buffer {
  const { hostRoot, hostname, machineId, modules, network, mounts, disks, clockMs, entropy } = parseOptions(
    configurationSchema,
    configuration,
    'configuration',
  );
  const writer = new FieldWriter(Operation.configure);
  if (hostRoot) writer.bytes(Tag.hostRoot, Buffer.alloc(0));
  if (clockMs !== undefined) writer.u64(Tag.time, nanoseconds('clockMs', clockMs));
  if (entropy !== undefined) {
    if (entropy.length === 0 || entropy.length > 1024) {
      throw new InvalidInputError('entropy', `expected 1 to 1024 bytes, got ${entropy.length}`);
    }
    writer.bytes(Tag.entropy, entropy);
  }
  if (hostname !== undefined) writer.text(Tag.hostname, hostname);
  if (machineId !== undefined) writer.text(Tag.machineId, machineId);
  for (const module of modules) writer.text(Tag.module, module);
  for (const link of network) {
    writer.text(Tag.link, link.mac);
    if (link.newMac !== undefined) writer.text(Tag.newHardwareAddress, link.newMac);
    if (link.mtu !== undefined) writer.u32(Tag.mtu, link.mtu);
    // The agent adds routes in order, and they need the addresses.
    for (const text of link.addresses) writer.text(Tag.address, text);
    for (const text of link.gateways) writer.text(Tag.gateway, text);
    for (const text of link.dns) writer.text(Tag.nameServer, text);
    for (const text of link.search) writer.text(Tag.search, text);
  }
  for (const serial of disks) writer.text(Tag.mount, serial).u32(Tag.flags, MountFlag.disk);
  for (const { tag, kind, path, readOnly, fresh } of mounts) {
    const flags =
      (readOnly ? MountFlag.readOnly : 0) |
      (fresh ? MountFlag.fresh : 0) |
      (kind === 'share' ? 0 : MountFlag[kind]);
    writer.text(Tag.mount, tag).text(Tag.path, path).u32(Tag.flags, flags);
  }
  return writer.toBuffer();
}
