"""What people print and read: a document is put together once, with its pictures, and written as PDF or as HTML."""
