import type { ConfinementAbilities } from '../../../../src/process/confine/layers.ts';

const able = { usable: true } as const;
export const unable = { usable: false, reason: 'not here' } as const;

export const everyLayer: ConfinementAbilities = {
  landlock: { usable: true, abi: 6 },
  seccomp: able,
  namespaces: { mount: able, net: able, ipc: able, uts: able },
};

export const noNamespaces = { mount: unable, net: unable, ipc: unable, uts: unable };
