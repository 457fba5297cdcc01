"""What several Python models share. The folder it is in is on the path of each of their processes."""

from serving_common.orphans import leave_with_the_server

leave_with_the_server()
