import { describe, expect, it } from 'vitest';
import { describeDeath, describeLack, isLastOfKernel } from '../../../../src/machine/life/dead-kernel.ts';

const PANIC = '[    3.597523] Kernel panic - not syncing: System is deadlocked on memory';
const END = '[    3.597523] ---[ end Kernel panic - not syncing: System is deadlocked on memory ]---\r';

describe('a kernel counts as dead', () => {
  it('when it halts after a panic', () => {
    expect(isLastOfKernel(END)).toBe(true);
  });

  it('when its faults do not end', () => {
    expect(isLastOfKernel('[    1.898959] Oops: Oops: 0000 [#35] PREEMPT SMP NOPTI []')).toBe(true);
    expect(isLastOfKernel('Oops: 0000 [#10] SMP')).toBe(true);
  });

  it.each([
    ['that may still reboot', PANIC],
    ['after the fault of a driver', '[    1.898959] Oops: 0000 [#1] PREEMPT SMP NOPTI'],
    ['after nine faults', 'Oops: 0000 [#9] SMP'],
    ['that counts other things', 'nvme: [#35]'],
    ['that is only booting', '[    0.000000] Linux version 6.12.118+deb13-cloud-amd64'],
  ])('but not one %s', (_, line) => {
    expect(isLastOfKernel(line)).toBe(false);
  });
});

describe('a part that the kernel lacks', () => {
  const BASIC = 'CONFIG_VIRTIO_PCI, CONFIG_VIRTIO_CONSOLE, CONFIG_DEVTMPFS, CONFIG_TMPFS';
  const optionsIn = (hint: string | undefined) => /kernel with (.*) built in/.exec(hint ?? '')?.[1];

  it('is named by the agent, and the options that add it are', () => {
    const lack = describeLack(['[ 1.0] x', 'vmlet-agent: host: virtiofs: No such device\r', PANIC]);
    expect(lack?.problem).toBe(
      "the guest's kernel cannot mount this host's file system (virtiofs: No such device)",
    );
    expect(optionsIn(lack?.hint)).toBe(`${BASIC}, CONFIG_FUSE_FS, CONFIG_VIRTIO_FS, CONFIG_OVERLAY_FS`);
    expect(lack?.hint).toContain('--modules DIR');
  });

  it('may be the port of the agent', () => {
    const lack = describeLack(['vmlet-agent: virtio console port: No such device']);
    expect(lack?.problem).toBe(
      "the guest's kernel has no driver for the channel to the vmlet agent (virtio console port: No such device)",
    );
    expect(optionsIn(lack?.hint)).toBe(BASIC);
  });

  it.each([PANIC, 'vmlet-agent: /tmp: No such device', 'host: virtiofs: x'])('is not in %j', (line) => {
    expect(describeLack([line])).toBeUndefined();
  });
});

describe('the cause of death', () => {
  it.each([[[PANIC, '  <TASK>', END]], [[PANIC, '  <TASK>']], [[PANIC]], [[END]]])(
    'is the panic’s reason: %j',
    (lines) => {
      expect(describeDeath(lines)).toBe("the guest's kernel panicked: System is deadlocked on memory");
    },
  );

  it('is the last panic’s, of several boots', () => {
    expect(describeDeath(['Kernel panic - not syncing: first', PANIC])).toContain('deadlocked');
  });

  it('omits the rest of the panic’s line', () => {
    expect(describeDeath(['Kernel panic - not syncing: why \t \r'])).toBe("the guest's kernel panicked: why");
    expect(describeDeath(['Kernel panic - not syncing: a ]---b ]---'])).toBe(
      "the guest's kernel panicked: a ]---b",
    );
  });

  it('is shown in plain text of limited length', () => {
    const longest = describeDeath([`Kernel panic - not syncing: ${'x'.repeat(201)}`]);
    expect(longest).toBe(`the guest's kernel panicked: ${'x'.repeat(200)}`);
    expect(describeDeath(['Kernel panic - not syncing: a~ é\x7f'])).toBe(
      "the guest's kernel panicked: a~ ??",
    );
    const told = describeDeath([`Kernel panic - not syncing: \u001b[2J${'x'.repeat(5000)}`]);
    expect(told).toMatch(/^the guest's kernel panicked: \?\[2Jx+$/);
    expect(told?.length).toBeLessThan(300);
  });

  it('is its faults if it did not panic', () => {
    expect(describeDeath(['login: ', 'Oops: 0000 [#12] SMP', '  <TASK>'])).toMatch(
      /reported several errors \(oopses\)/,
    );
  });

  it('is absent for a running kernel', () => {
    expect(describeDeath(['login: '])).toBeUndefined();
  });
});
