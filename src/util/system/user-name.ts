import { userInfo } from 'node:os';
import { isSystemError } from '../../errors/index.ts';

/** Returns the user's name, or the user's number if the host has no account for it, as in many containers. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (!isSystemError(error, 'ERR_SYSTEM_ERROR')) throw error;
    return String(process.getuid?.());
  }
}
