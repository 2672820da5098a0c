module example.com/benchprograms

go 1.19
