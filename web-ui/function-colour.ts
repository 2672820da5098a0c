import type { Theme } from './drawing.ts';

/** One hue a package, so that what belongs together looks so; found ones stand out. */
export function functionColour(name: string, theme: Theme, found: boolean): string {
  if (found) return theme.dark ? '#9a4fb0' : '#e3a6f2';
  const slash = name.lastIndexOf('/');
  const dot = name.indexOf('.', slash + 1);
  const family = dot < 0 ? name : name.slice(0, dot);
  let hash = 7;
  for (const char of family) hash = (hash * 31 + char.charCodeAt(0)) % 997;
  const hue = 12 + (hash % 60);
  return theme.dark ? `hsl(${hue} 45% ${28 + (hash % 8)}%)` : `hsl(${hue} 75% ${76 + (hash % 9)}%)`;
}
