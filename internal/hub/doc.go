// Package hub turns what a user writes after --model into files on disk.
//
// A reference is a folder, a file, a name of the manifest ("vgg16"), a Hugging
// Face id ("org/name", "org/name@revision") or a URL. Names are first looked for
// among the bundled weights. What has to be fetched from the hub goes into
// Hugging Face's own cache, in its own layout,
//
//	models--org--name/blobs/<etag>
//	models--org--name/refs/main                      holds a commit
//	models--org--name/snapshots/<commit>/<file>  ->  ../../blobs/<etag>
//	models--org--name/.no_exist/<commit>/<file>      the repository lacks it
//	.locks/models--org--name/<etag>.lock
//
// so that gotune and the Python libraries share one copy. What has a plain
// address goes to a folder that mirrors it, <files>/<host>/<path>.
//
// Downloads are written to <blob>.incomplete, resumed by range requests, checked
// by SHA-256 and only then renamed: a file under its final name is whole. A lock
// per file keeps two processes from fetching it twice. The token, or a login in the
// endpoint's address, is sent to the endpoint's own origin and never follows a
// redirect elsewhere; neither is in what Resolved or an error says.
//
// The package is pure Go and prints nothing.
package hub
