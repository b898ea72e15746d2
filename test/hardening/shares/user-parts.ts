import { kills } from './kills/kills.ts';
import { model } from './model/model.ts';
import { posix } from './posix/posix.ts';

/** The parts for which it matters who runs vmlet. */
export const USER_PARTS = { posix, model, kills } as const;
export type UserPart = keyof typeof USER_PARTS;
