import { expect, it } from 'vitest';
import { shortFile } from './place-words.ts';

it.each([
  ['/root/go/pkg/mod/go.etcd.io/raft/v3@v3.7.0/node.go', 'go.etcd.io/raft/v3.(*node).run', 'node.go'],
  ['/root/go/pkg/mod/a.org/b@v1.2.3/c/d.go', 'a.org/b/c.F[go.shape.int].func1', 'd.go'],
  // The function does not say the folder: a capital is escaped there, and package main has another name.
  ['/root/go/pkg/mod/github.com/!a/b@v1.2.3/d.go', 'github.com/A/b.F', 'github.com/!a/b@v1.2.3/d.go'],
  ['/root/go/pkg/mod/a.org/b@v1.2.3/main.go', 'main.run', 'a.org/b@v1.2.3/main.go'],
  ['/usr/local/go/src/net/fd_posix.go', 'net.(*netFD).Write', 'net/fd_posix.go'],
  ['/home/me/app/shop.go', 'main.(*shop).order', '/home/me/app/shop.go'],
])('%s beside %s is %s', (file, name, shown) => {
  expect(shortFile({ file, function: name, line: 1 }, (path) => path)).toBe(shown);
});
