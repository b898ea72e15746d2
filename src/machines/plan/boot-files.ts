import { join } from 'node:path';
import { trustTimer } from '../../machine/plan/board.ts';
import type { SourceContext } from '../../machine/survey/boot-source.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { agentProgram } from '../../machine/paths/package-files.ts';
import { checkKernelMemory } from '../../machine/plan/kernel-memory.ts';
import type { MachinePlanInputs } from './machine-plan.ts';
import { DHCP_WORD, DISKS_WORD, STAY_WORD } from '../../images/micro/stay-script.ts';
import { bridgeCards } from '../spec/bridge-cards.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import type { Definition } from '../record/definition.ts';

const WORDS = ['console=ttyS0', trustTimer];

type BootFiles = MachinePlanInputs['source'];

/**
 * Finds the kernel that a machine starts with, unless its firmware finds one.
 * @throws InvalidInputError, also when the machine's memory is too small for the kernel.
 */
export async function findBootFiles(definition: Definition, context: SourceContext): Promise<BootFiles> {
  const source = await findKernel(definition, context);
  const { name, memoryBytes } = definition.spec;
  if (source) {
    checkKernelMemory(
      memoryBytes,
      source.kernelPath,
      source.initrdPath,
      (size) => `give the machine more memory: vmlet set ${name} --memory ${size}`,
    );
  }
  return source;
}

/**
 * Rejects memory with which `micro` could not start. If the image is not built yet, its size is unknown, and the start
 * checks it.
 * @throws InvalidInputError
 */
export async function checkMemoryOfMicro(
  { boot, memoryBytes }: { readonly boot: { readonly kind: string }; readonly memoryBytes: number },
  { images }: Pick<Locations, 'images'>,
): Promise<void> {
  if (boot.kind !== 'image') return;
  const { findMicro } = await import('../../images/micro/micro.ts');
  const image = await findMicro(images, agentProgram());
  if (image) checkKernelMemory(memoryBytes, image.kernelPath, image.initrdPath);
}

/** Kernel parameters with which `micro` sets up a console shell, its disk and its network by itself. */
function stayWords(spec: MachineSpec): string[] {
  const { name, net, disks } = spec;
  return [
    STAY_WORD,
    `hostname=${name}`,
    ...(disks.length > 0 ? [DISKS_WORD] : []),
    // vmlet sets the first card's address at the start, unless it is on a bridge.
    ...(net === 'none' || net === 'bridge' ? [] : [`${DHCP_WORD}=later`]),
    ...bridgeCards(spec).map(({ mac }) => `${DHCP_WORD}=${mac}`),
  ];
}

async function findKernel({ spec, files }: Definition, context: SourceContext): Promise<BootFiles> {
  const { boot, installer } = spec;
  const common = { kind: 'kernel', needsAgent: false } as const;
  if (installer) {
    return {
      ...common,
      kernelPath: join(files.directory, installer.kernel),
      initrdPath: installer.initrd === undefined ? undefined : join(files.directory, installer.initrd),
      append: [installer.append],
    };
  }
  const appended = boot.kind === 'firmware' || boot.append === undefined ? [] : [boot.append];
  if (boot.kind === 'firmware') return undefined;
  // Most machines boot from their disks, and do not need this module.
  const { findMicroImage, readableFile } = await import('../../machine/survey/boot-source.ts');
  switch (boot.kind) {
    case 'kernel':
      return {
        ...common,
        kernelPath: readableFile(boot.kernel, 'kernel'),
        initrdPath: boot.initrd === undefined ? undefined : readableFile(boot.initrd, 'initrd'),
        append: [...WORDS, ...appended],
      };
    case 'image': {
      const image = await findMicroImage(context);
      return {
        ...common,
        kernelPath: image.kernelPath,
        initrdPath: image.initrdPath,
        append: [...WORDS, ...image.append, ...stayWords(spec), ...appended],
      };
    }
  }
}
