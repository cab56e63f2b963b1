// Strings whole, so that braces inside them are not seen as structure.
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/**
 * The first key that stands twice in one object of a JSON text, or undefined. JSON.parse keeps the last value silently,
 * so two readers could see two different files.
 *
 * @param text valid JSON: what JSON.parse has accepted
 * @example duplicateKey('{"a":1,"a":2}') // 'a'
 */
export function duplicateKey(text: string): string | undefined {
  const open: (Set<string> | null)[] = [];
  let lastString = '';
  for (const match of text.matchAll(TOKEN)) {
    const token = match[0];
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const key = JSON.parse(lastString) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    } else lastString = token;
  }
  return undefined;
}
