import type { QemuFeatures } from '../survey/host.ts';

/** True when this QEMU creates monitors with -object; it then warns about -mon at each start. */
export function hasMonitorObjects({ objects }: Pick<QemuFeatures, 'objects'>): boolean {
  return objects.includes('monitor-qmp');
}

/** Returns the arguments of a QMP monitor on a character device whose name needs no quoting. */
export function qmpMonitorArguments(chardev: string, asObject: boolean): string[] {
  return asObject
    ? ['-object', JSON.stringify({ 'qom-type': 'monitor-qmp', id: chardev, chardev })]
    : ['-mon', `chardev=${chardev},mode=control`];
}
