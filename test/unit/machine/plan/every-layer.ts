import type { ConfinementAbilities } from '../../../../src/process/confine/layers.ts';

/** A host that has every layer of confinement. */
export const everything: ConfinementAbilities = {
  landlock: { usable: true, abi: 6 },
  seccomp: { usable: true },
  namespaces: {
    mount: { usable: true },
    net: { usable: true },
    ipc: { usable: true },
    uts: { usable: true },
  },
};
