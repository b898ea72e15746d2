import { userInfo } from 'node:os';
import { isSystemError } from '../errors/index.ts';

/** The user's name; the number of one for whom the host has no account, as in many containers. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (!isSystemError(error, 'ERR_SYSTEM_ERROR')) throw error;
    return String(process.getuid?.());
  }
}
