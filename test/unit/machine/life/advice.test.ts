import { expect, it } from 'vitest';
import { adviseOn } from '../../../../src/machine/life/advice.ts';

it.each([
  ['qemu: cannot set up guest memory "memory": Cannot allocate memory', /--memory/],
  ['qemu: mmap failed: cannot allocate memory', /--memory/],
  ['qemu: failed to resize memory backing store', /--memory/],
  ['qemu: Failed to allocate KVM HPT', /--memory/],
  ['qemu: -blockdev {}: Failed to get "write" lock', /process that has this disk open/],
  ['qemu: -blockdev {}: Failed to get shared "write" lock', /process that has this disk open/],
  ["qemu: unable to find CPU model 'x'", /--cpu/],
  ['qemu: failed to initialize kvm: Permission denied', /vmlet doctor/],
  ['Could not access KVM kernel module: No such file or directory', /vmlet doctor/],
  ['qemu: error: failed to set MSR 0x345 to 0x2000', /--accel tcg/],
  ['qemu: kvm_buf_set_msrs: Assertion failed', /--accel tcg/],
  ['KVM internal error. Suberror: 3', /--accel tcg/],
  ['emulation failure', /--accel tcg/],
  ['qemu: Error loading uncompressed kernel without PVH ELF Note', /bzImage/],
  ['qemu: linux kernel too old to load a ram disk', /bzImage/],
  ["qemu: could not open kernel file 'k'", /check the path/],
  ["qemu: could not load kernel 'k'", /bzImage/],
  ['Failed to connect to bus: No such file or directory', /limits/],
  ['Failed to connect to user scope bus via local transport', /limits/],
  ['Failed to start transient scope unit: Permission denied', /limits/],
  ['qemu: write failed: No space left on device', /free some space/],
  ['qemu: -blockdev {}: Image is not in qcow2 format', /,format=raw/],
  ['qemu: could not open /d/a.qcow2: Permission denied', /check the permissions/],
])('recognizes: %s', (line, hint) => {
  expect(adviseOn([line])).toMatch(hint);
});

it('finds the known line, and the cause before its consequences', () => {
  expect(adviseOn(['warning: x', 'No space left on device', 'goodbye'])).toMatch(/free some space/);
  expect(adviseOn(['open: Permission denied', 'failed to initialize kvm: Permission denied'])).toMatch(
    /vmlet doctor/,
  );
});

it('names the command that changes the options of an existing machine', () => {
  expect(adviseOn(['KVM internal error'], 'web')).toMatch(/; .* run: vmlet set web OPTION VALUE$/);
  expect(adviseOn(['No space left on device'], 'web')).not.toContain('vmlet set');
  expect(adviseOn(['KVM internal error'])).not.toContain('vmlet set');
});

it('is absent for unknown messages', () => {
  expect(adviseOn([])).toBeUndefined();
  expect(adviseOn(['Failed to connect to socket', 'all is well'])).toBeUndefined();
});
