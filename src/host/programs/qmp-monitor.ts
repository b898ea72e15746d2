import type { QemuFeatures } from '../survey/host.ts';

/** Whether this QEMU makes its monitors by -object; where it does, it warns of -mon at each start. */
export function hasMonitorObjects({ objects }: Pick<QemuFeatures, 'objects'>): boolean {
  return objects.includes('monitor-qmp');
}

/** A QMP monitor on a character device whose name needs no quoting. */
export function qmpMonitorArguments(chardev: string, asObject: boolean): string[] {
  return asObject
    ? ['-object', JSON.stringify({ 'qom-type': 'monitor-qmp', id: chardev, chardev })]
    : ['-mon', `chardev=${chardev},mode=control`];
}
