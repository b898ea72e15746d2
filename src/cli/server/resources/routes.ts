import type { Route } from '../routing/route.ts';
import { ACTION_ROUTES } from './action-routes.ts';
import { GUEST_ROUTES } from './guest-routes.ts';
import { HOST_ROUTES } from './host-routes.ts';
import { IMAGE_ROUTES } from './image-routes.ts';
import { MACHINE_ROUTES } from './machine-routes.ts';
import { NETWORK_ROUTES } from './network-routes.ts';
import { VOLUME_ROUTES } from './volumes.ts';

/** Every resource and action but the WebSockets. */
export const ROUTES: readonly Route[] = [
  ...HOST_ROUTES,
  ...IMAGE_ROUTES,
  ...MACHINE_ROUTES,
  ...NETWORK_ROUTES,
  ...VOLUME_ROUTES,
  ...ACTION_ROUTES,
  ...GUEST_ROUTES,
];
