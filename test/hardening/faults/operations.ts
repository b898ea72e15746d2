import { DEVICE_OPERATIONS } from './device-operations.ts';
import { GUEST_OPERATIONS } from './guest-operations.ts';
import { HELPER_OPERATIONS } from './helper-operations.ts';
import { IMAGE_OPERATIONS } from './image-operations.ts';
import { MACHINE_OPERATIONS } from './machine-operations.ts';
import type { Operation } from './operation.ts';
import { SNAPSHOT_OPERATIONS } from './snapshot-operations.ts';

export const NAMED_OPERATIONS: readonly Operation[] = [
  ...MACHINE_OPERATIONS,
  ...SNAPSHOT_OPERATIONS,
  ...DEVICE_OPERATIONS,
];

export const OPERATIONS: readonly Operation[] = [
  ...NAMED_OPERATIONS,
  ...IMAGE_OPERATIONS,
  ...GUEST_OPERATIONS,
  ...HELPER_OPERATIONS,
];
