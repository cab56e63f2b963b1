import { posix, win32 } from 'node:path';
import { LoaderError } from './errors.js';

/**
 * The user's folder for data that weft makes: WEFT_DATA_DIR; else, by platform, `~/Library/Application Support/weft`
 * (macOS), `%LOCALAPPDATA%\weft` (Windows), `$XDG_DATA_HOME/weft` or `~/.local/share/weft`. Nothing is created.
 *
 * @param env the environment, as of process.env
 * @param platform as of process.platform
 * @throws LoaderError INVALID_ARGUMENT when the environment names no home
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 * @example const cache = join(dataHome(process.env), 'datasets');
 */
export function dataHome(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  const path = platform === 'win32' ? win32 : posix;
  if (env['WEFT_DATA_DIR']) return path.resolve(env['WEFT_DATA_DIR']);
  if (platform === 'win32') {
    if (env['LOCALAPPDATA']) return path.join(env['LOCALAPPDATA'], 'weft');
    if (env['USERPROFILE']) return path.join(env['USERPROFILE'], 'AppData', 'Local', 'weft');
    throw noHome('LOCALAPPDATA or USERPROFILE');
  }
  const xdg = env['XDG_DATA_HOME'];
  // The specification wants relative paths ignored.
  if (platform !== 'darwin' && xdg && path.isAbsolute(xdg)) return path.join(xdg, 'weft');
  if (!env['HOME']) throw noHome('HOME');
  return platform === 'darwin'
    ? path.join(env['HOME'], 'Library', 'Application Support', 'weft')
    : path.join(env['HOME'], '.local', 'share', 'weft');
}

function noHome(variables: string): LoaderError {
  return new LoaderError('INVALID_ARGUMENT', `no folder for data: set WEFT_DATA_DIR (${variables} is not set)`);
}
